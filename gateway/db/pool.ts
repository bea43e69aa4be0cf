/** The connections that one kind of work shares: so many and no more, and a short line in front of them. */
import { SixfoldError } from "../../shared/errors.ts";
import type { PostgresConnection, PostgresServer } from "../../shared/postgres_server.ts";
import { sleep } from "../../shared/sleep.ts";
import { Turnstile } from "../../shared/turnstile.ts";

/** How long a piece of work waits for a connection, in ms: who waits longer would only make the line longer. */
const WAIT_MS = 2000;
/** How long a transaction waits: it is the end of something, perhaps of all bytes of a file, and comes before all else. */
const TRANSACTION_WAIT_MS = 10_000;
/** How many may wait for each connection. */
const LINE = 20;
/** A connection is not used for longer than this, in ms: its server's name may lead elsewhere by now. */
const AGE_MS = 30 * 60_000;
/** How often work is done again that PostgreSQL has undone because of others' work, and how long it waits at most. */
const AGAIN = 3;
const AGAIN_MS = 50;
/** A serialization failure and a deadlock: the transaction was rolled back as a whole. */
const UNDONE = new Set<unknown>(["40001", "40P01"]);

/** What a connection is wanted for. */
type Kind = "read" | "statement" | "transaction";

/** How much goes on in a pool. */
export interface PoolLoad {
  readonly used: number;
  readonly idle: number;
  readonly waiting: number;
  readonly most: number;
}

/** Connections to one server. */
export class Pool {
  readonly #server: PostgresServer;
  readonly #idle: PostgresConnection[] = [];
  readonly #places: Turnstile;
  #ended = false;
  #empty: () => void = () => {};

  /** @param most connections at once */
  constructor(server: PostgresServer, readonly most: number) {
    this.#server = server;
    this.#places = new Turnstile({ most, line: most * LINE, waitMs: WAIT_MS, busy });
  }

  /** How much goes on now. */
  get load(): PoolLoad {
    const { inside: used, waiting } = this.#places;
    return { used, idle: this.#idle.length, waiting, most: this.most };
  }

  /**
   * Does a piece of work on a connection that nobody else uses meanwhile. It is done again, up to three times, when
   * PostgreSQL has undone it because of others' work: so it does nothing but SQL.
   * @param kind a transaction goes before statements; a read changes nothing, and may be asked twice
   * @throws SixfoldError `unavailable` when no connection is free in time
   */
  async run<T>(kind: Kind, work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    for (let round = 0;; round++) {
      try {
        return await this.#once(kind, work);
      } catch (error) {
        if (round === AGAIN || !(error instanceof Error && "code" in error && UNDONE.has(error.code))) throw error;
        await sleep(Math.random() * AGAIN_MS * 2 ** round);
      }
    }
  }

  /** Lets running work end for so long, in ms, and closes all connections. */
  async end(graceMs: number): Promise<void> {
    this.#ended = true;
    this.#places.clear(over());
    if (this.#places.inside > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.#empty = () => (clearTimeout(timer), resolve());
      });
    }
    await Promise.all(this.#idle.splice(0).map((connection) => connection.end()));
  }

  async #once<T>(kind: Kind, work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    if (this.#ended) throw over();
    await (kind === "transaction" ? this.#places.enterFirst(TRANSACTION_WAIT_MS) : this.#places.enter());
    let connection = this.#take();
    try {
      if (connection === undefined) return await work(connection = await this.#server.connect());
      const { answered } = connection;
      try {
        return await work(connection);
      } catch (error) {
        // It may have ended while it lay idle, and others with it: a new one tells whether PostgreSQL is there. A transaction
        // that had no answer yet had only asked to begin.
        const nothingDone = kind === "read" || kind === "transaction" && connection.answered === answered;
        if (!connection.broken || !nothingDone) throw error;
        return await work(connection = await this.#server.connect());
      }
    } finally {
      if (connection?.alive) this.#keep(connection);
      this.#places.leave();
      if (this.#places.inside === 0) this.#empty();
    }
  }

  /** The connection that was used last: those that are not needed stay idle. */
  #take(): PostgresConnection | undefined {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) if (last.alive) return last;
    return undefined;
  }

  #keep(connection: PostgresConnection): void {
    if (performance.now() - connection.openedAt < AGE_MS) this.#idle.push(connection);
    else void connection.end();
  }
}

function busy(): SixfoldError {
  return new SixfoldError("unavailable", "PostgreSQL is busy or away; try again");
}

function over(): SixfoldError {
  return new SixfoldError("unavailable", "the gateway stops; ask another one");
}
