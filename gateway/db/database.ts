/** The connection to PostgreSQL: one pool for requests, checked before anything is acknowledged through it. */
import postgres from "postgres";
import { SixfoldError } from "../../shared/errors.ts";

/** Numbers that PostgreSQL sends as int8 are sizes here, all below 2^53; ring positions are read as text. */
const types = {
  bigint: { to: 20, from: [20], serialize: (value: number) => String(value), parse: (text: string) => Number(text) },
};

/** A pool. */
export type Sql = postgres.Sql<{ bigint: number }>;

/** A transaction of a pool. */
export type Transaction = postgres.TransactionSql<{ bigint: number }>;

/** How long a start waits for a server that is not up yet or still recovers from a crash, in ms. */
const START_MS = 60_000;
const RETRY_MS = 100;
const NOT_YET = new Set(["57P03", "ECONNREFUSED", "CONNECT_TIMEOUT"]);

/** How long one statement may take, in ms: PostgreSQL ends it by itself, so a lock never holds a request for ever. */
const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * Opens the pool and refuses a server that may lose what it has acknowledged.
 * @param url a `postgres://` address
 * @param connections the most connections of the pool
 * @throws SixfoldError `failed_precondition` when the server runs with `fsync=off`
 */
export async function openDatabase(url: string, connections: number): Promise<Sql> {
  const sql = postgres(url, {
    max: connections,
    types,
    connect_timeout: 5,
    onnotice: () => {},
    connection: { application_name: "sixfold-gateway", statement_timeout: STATEMENT_TIMEOUT_MS },
  });
  const row = await readSafety(sql).catch(async (error) => {
    await sql.end();
    throw error;
  });
  if (row?.fsync === "off" || row?.commit === "off") {
    await sql.end();
    throw new SixfoldError(
      "failed_precondition",
      "PostgreSQL runs with fsync or synchronous_commit off and may lose acknowledged files; turn both on",
    );
  }
  return sql;
}

async function readSafety(sql: Sql): Promise<{ fsync: string; commit: string } | undefined> {
  for (const until = Date.now() + START_MS;;) {
    try {
      const [row] = await sql<{ fsync: string; commit: string }[]>`
        SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`;
      return row;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (!NOT_YET.has(code) || Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
