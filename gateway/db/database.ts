/** The way to PostgreSQL: connections for one kind of work, bounded in number and in time. */
import { createStatement, type Statement } from "../../shared/postgres_statement.ts";
import { PostgresServer, type Transaction } from "../../shared/postgres_server.ts";
import { sleep } from "../../shared/sleep.ts";
import { inSpan } from "../../shared/telemetry.ts";
import { Pool, type PoolLoad } from "./pool.ts";

export type { Transaction };

/** Sends statements and transactions. */
export interface Sql extends Statement {
  /**
   * Does a piece of work in a transaction. It may be done more than once, and so it does nothing but SQL.
   * @param patient whether a statement may take as long as it needs: for migrations
   */
  begin<T>(work: (tx: Transaction) => Promise<T>, patient?: "patient"): Promise<T>;
  /**
   * Follows a channel from now on, whatever becomes of connections.
   * @param heard is told of a notification, and when some may have been missed
   */
  listen(channel: string, heard: () => void): Promise<{ unlisten(): Promise<void> }>;
  /** How much its connections are used now. */
  load(): PoolLoad;
  /** Lets running work end for a moment, and closes the connections. */
  end(): Promise<void>;
}

/** How long a start waits for a server that is not up yet or still recovers from a crash, in ms. */
const START_MS = 60_000;
const RETRY_MS = 100;
const NOT_YET = new Set<unknown>(["57P03", "ECONNREFUSED"]);

/** How long one statement may take, in ms: PostgreSQL ends it by itself, so a lock never holds a request for ever. */
const STATEMENT_MS = 10_000;
const LISTEN_MS = 500;
const END_MS = 2000;
const POSTGRES = { "db.system.name": "postgresql" };

/**
 * Opens the database, and waits for a server that starts.
 * @param url a `postgres://` address; several hosts are separated by commas, and the one that takes writes is used
 * @param connections the most connections at once
 * @throws SixfoldError `failed_precondition` when the server may lose what it has acknowledged
 */
export async function openDatabase(url: string, connections: number): Promise<Sql> {
  const server = new PostgresServer(url, { application: "sixfold-gateway", statementMs: STATEMENT_MS });
  const pool = new Pool(server, connections);
  const statement = createStatement((ask, text) => {
    const verb = verbOf(text);
    // Whatever a SELECT of ours calls that has an effect is called in a transaction.
    const kind = verb === "select" ? "read" : "statement";
    return inSpan(`db.${verb}`, POSTGRES, () => pool.run(kind, (connection) => connection.ask(ask)), "client");
  });
  const sql: Sql = Object.assign(statement, {
    begin: <T>(work: (tx: Transaction) => Promise<T>, patient?: "patient") =>
      inSpan(
        "db.commit",
        POSTGRES,
        () => pool.run("transaction", (connection) => connection.transaction(work, patient !== undefined)),
        "client",
      ),
    listen: (channel: string, heard: () => void) => Promise.resolve(listen(server, channel, heard)),
    load: () => pool.load,
    end: () => pool.end(END_MS),
  });
  await untilUp(sql);
  return sql;
}

/** The first word of a statement, which says what it does. */
function verbOf(text: string): string {
  return /[a-z]+/i.exec(text)?.[0].toLowerCase() ?? "query";
}

async function untilUp(sql: Sql): Promise<void> {
  for (const until = Date.now() + START_MS;;) {
    try {
      await sql`SELECT 1`;
      return;
    } catch (error) {
      if (!isNotYet(error) || Date.now() > until) {
        await sql.end();
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function isNotYet(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "code" in error && NOT_YET.has(error.code) || isNotYet(error.cause);
}

/** A connection of its own that listens; while there is none, one is tried for. */
function listen(server: PostgresServer, channel: string, heard: () => void): { unlisten(): Promise<void> } {
  const over = new AbortController();
  const follow = async () => {
    const connection = await server.connect(heard);
    const ended = new Promise<void>((resolve) => connection.onEnd(resolve));
    over.signal.addEventListener("abort", () => connection.close());
    if (over.signal.aborted) connection.close();
    await connection.statement.unsafe(`LISTEN "${channel}"`);
    heard();
    await ended;
  };
  const following = (async () => {
    while (!over.signal.aborted) {
      // Notifications only speed things up: without them, everything is looked at now and then.
      await follow().catch(() => {});
      await sleep(LISTEN_MS, over.signal);
    }
  })();
  return {
    async unlisten() {
      over.abort();
      await following;
    },
  };
}
