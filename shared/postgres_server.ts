/**
 * Connections to PostgreSQL that end by a deadline. postgres.js speaks the protocol; its own pool is not used, for it waits
 * for a frozen server without end, never says that all of several hosts are down, and ends the process when a connection
 * breaks inside a transaction (3.4.9).
 */
import { connect, type Socket } from "node:net";
import postgres from "postgres";
import { SixfoldError } from "./errors.ts";
import { hostsOf } from "./postgres_hosts.ts";
import { createStatement, type Send, type Statement } from "./postgres_statement.ts";
import { POSTGRES_TYPES } from "./postgres_types.ts";

/** How a process uses its database. */
export interface PostgresOptions {
  /** The name under which PostgreSQL shows the process. */
  readonly application: string;
  /** How long PostgreSQL may work on one statement, in ms. It ends the statement itself. */
  readonly statementMs: number;
}

/** A transaction: its statements. */
export interface Transaction extends Statement {
  readonly isTransaction: true;
}

/** How long it may take to connect to one host, to be let in, and to hear what it is. */
const CONNECT_MS = 3000;
/** The least of it that is left for the first question: this process may have stood still while it connected, not the server. */
const CHECK_MS = 1000;
/** How much longer than PostgreSQL's own limit an answer may take: then the server is frozen, or away. */
const SLACK_MS = 1000;
/** How long a statement waits for the locks of others, and how long a transaction may lie idle; of the statement's time. */
const LOCK_SHARE = 0.5;

/** The server of an address, or of the first of its hosts that takes writes. */
export class PostgresServer {
  readonly #hosts: readonly string[];
  readonly #options: PostgresOptions;
  #best = 0;

  /** @param url `postgres://user:password@host:port/database`, or `host:port,host:port` in place of the host */
  constructor(url: string, options: PostgresOptions) {
    this.#hosts = hostsOf(url);
    this.#options = options;
  }

  /**
   * Opens a connection to the host that was good last, or to the next one.
   * @param heard receives notifications: the channel
   * @throws SixfoldError `failed_precondition` when the server may lose what it has acknowledged; what the server says
   * when it lets nobody in; `unavailable` when it cannot be reached
   */
  async connect(heard?: (channel: string) => void): Promise<PostgresConnection> {
    let refusal: unknown;
    for (let i = 0; i < this.#hosts.length; i++) {
      const number = (this.#best + i) % this.#hosts.length;
      try {
        const connection = await PostgresConnection.open(this.#hosts[number] ?? "", this.#options, heard);
        this.#best = number;
        return connection;
      } catch (error) {
        // Of several hosts, one that was there says more than one that was not.
        if (refusal === undefined || SixfoldError.from(refusal).code === "unavailable") refusal = error;
      }
    }
    throw refusal;
  }
}

/** One connection, for one piece of work at a time. It never comes back once it is broken: open another. */
export class PostgresConnection {
  /** Sends statements. */
  readonly statement: Statement = createStatement((statement) => this.ask(statement));
  readonly openedAt = performance.now();
  readonly #send: Send;
  readonly #socket: Socket;
  readonly #limitMs: number;
  /** Rejects what is under way: postgres.js does not when a connection breaks before it has looked at it. */
  readonly #waiting = new Set<(reason: unknown) => void>();
  #onEnd: () => void = () => {};
  #frozen = false;
  #answered = 0;

  private constructor(url: string, socket: Socket, options: PostgresOptions, heard?: (channel: string) => void) {
    const { application: application_name, statementMs } = options;
    this.#socket = socket;
    this.#limitMs = statementMs + SLACK_MS;
    const ended = () => {
      this.close();
      for (const reject of this.#waiting) reject(broken());
      this.#onEnd();
    };
    socket.on("error", () => {});
    socket.on("close", ended);
    let given = false;
    const settings = {
      max: 1,
      types: POSTGRES_TYPES,
      fetch_types: false,
      max_lifetime: null,
      socket: () => {
        // It would connect anew by itself.
        if (given) throw broken();
        given = true;
        return socket;
      },
      onclose: ended,
      onnotice: () => {},
      onnotify: heard,
      connection: {
        application_name,
        statement_timeout: statementMs,
        lock_timeout: statementMs * LOCK_SHARE,
        idle_in_transaction_session_timeout: statementMs * LOCK_SHARE,
      },
    };
    this.#send = postgres(url, settings);
  }

  static async open(url: string, options: PostgresOptions, heard?: (channel: string) => void) {
    const until = performance.now() + CONNECT_MS;
    const socket = await dial(new URL(url), CONNECT_MS);
    const connection = new PostgresConnection(url, socket, options, heard);
    try {
      await connection.#check(Math.max(CHECK_MS, until - performance.now()));
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Whether it can still be used. */
  get alive(): boolean {
    return !this.#socket.destroyed;
  }

  /** How many statements have been answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Whether it has ended, and not because an answer took too long. */
  get broken(): boolean {
    return !this.alive && !this.#frozen;
  }

  /** @param heard is told once, when the connection has ended */
  onEnd(heard: () => void): void {
    this.#onEnd = heard;
  }

  /** Cuts the connection. What is under way fails. */
  close(): void {
    this.#socket.destroy();
  }

  /** Ends the connection in an orderly way, where that is quick. */
  async end(): Promise<void> {
    if (this.alive) await this.#send.end({ timeout: 1 });
    this.close();
  }

  /**
   * Does a piece of work in a transaction: all of it happens, or nothing. Statements after a broken connection fail, and
   * are never sent by another one.
   * @param patient whether a statement may take as long as it needs: for migrations
   * @throws an error that is no SixfoldError when the connection broke during the commit: it may have been done, or may
   * still be
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>, patient = false): Promise<T> {
    const ask = <R>(statement: (send: Send) => PromiseLike<R>) => this.ask(statement, patient ? null : this.#limitMs);
    const tx = Object.assign(createStatement(ask), { isTransaction: true as const });
    await tx.unsafe("BEGIN");
    try {
      if (patient) await tx.unsafe("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0");
      const result = await work(tx);
      await tx.unsafe("COMMIT").catch((error) => {
        throw this.alive ? error : answerLost(error);
      });
      return result;
    } catch (error) {
      // A transaction of which nothing more is known must not lie open: without its connection it is rolled back.
      if (this.alive) await tx.unsafe("ROLLBACK").catch(() => this.close());
      throw error;
    }
  }

  /** Sends one statement. @param limitMs how long its answer may take; null for as long as it takes */
  async ask<T>(statement: (send: Send) => PromiseLike<T>, limitMs: number | null = this.#limitMs): Promise<T> {
    // Else a transaction could go on outside of itself, on a connection that postgres.js has made.
    if (!this.alive) throw broken();
    let fail: (reason: unknown) => void = () => {};
    const timer = limitMs === null ? undefined : setTimeout(() => {
      fail(new SixfoldError("unavailable", "PostgreSQL does not answer; try again"));
      this.#frozen = true;
      this.close();
    }, limitMs);
    try {
      const answer = await new Promise<T>((resolve, reject) => {
        fail = reject;
        this.#waiting.add(reject);
        statement(this.#send).then(resolve, reject);
      });
      this.#answered++;
      return answer;
    } catch (error) {
      if (error instanceof Error && "code" in error && LAST_WORDS.has(error.code)) this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(fail);
    }
  }

  async #check(limitMs: number): Promise<void> {
    const [row] = await this.ask(
      (send) =>
        send<{ readOnly: string | null; fsync: string | null; commit: string | null }[]>`
        SELECT current_setting('transaction_read_only', true) AS "readOnly", current_setting('fsync', true) AS fsync,
               current_setting('synchronous_commit', true) AS commit`,
      limitMs,
    );
    if (row?.fsync === "off" || row?.commit === "off") {
      throw new SixfoldError(
        "failed_precondition",
        "PostgreSQL runs with fsync or synchronous_commit off and may lose acknowledged files; turn both on",
      );
    }
    if (row?.readOnly === "on") throw new SixfoldError("unavailable", "PostgreSQL takes no writes now; try again");
  }
}

/** A server that has become read-only is no longer the one to talk to; one that ends a session says so before it does. */
const LAST_WORDS = new Set<unknown>(["25006", "57P01", "57P02"]);

/** An error of the system, and not a refusal of this side: nothing is known of what the server has done. */
function answerLost(cause: unknown): Error {
  return Object.assign(new Error("the answer to a commit was lost", { cause }), { code: "CONNECTION_CLOSED" });
}

function broken(): SixfoldError {
  return new SixfoldError("unavailable", "the connection to PostgreSQL broke; try again");
}

async function dial(url: URL, ms: number): Promise<Socket> {
  const host = decodeURIComponent(url.hostname).replace(/^\[|\]$/g, "");
  const port = Number(url.port || 5432);
  const socket = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  // postgres.js looks here for the name that a certificate must have.
  Object.assign(socket, { host, port });
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown) => {
      clearTimeout(timer);
      reject(new SixfoldError("unavailable", "PostgreSQL cannot be reached; try again", { cause }));
    };
    const timer = setTimeout(() => {
      fail(new Error(`${host} does not take a connection`));
      socket.destroy();
    }, ms);
    socket.on("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return socket;
}
