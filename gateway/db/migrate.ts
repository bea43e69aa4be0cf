/** Brings a database to the schema of this code: the files of migrations/, in order, each once, never edited. */
import { SixfoldError } from "../../shared/errors.ts";
import type { Sql, Transaction } from "./database.ts";

/** One file of migrations/. */
export interface Migration {
  /** Its number, from 1 without a gap. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** Any constant will do: it names the lock that keeps two migrating processes apart on one PostgreSQL. */
const LOCK = 6_060_842;

/** Makes the table that says which migrations a database has. */
export const RECORD = `CREATE TABLE IF NOT EXISTS migrations (
  number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;

/** Reads the migrations of a folder. @throws Error where a number is missing or there twice: one would be left out */
export async function readMigrations(folder: URL): Promise<Migration[]> {
  const migrations: Migration[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const number = /^(\d{4})_\w+\.sql$/.exec(entry.name)?.[1];
    if (number === undefined) continue;
    const sql = await Deno.readTextFile(new URL(entry.name, folder));
    migrations.push({ number: Number(number), name: entry.name, sql });
  }
  migrations.sort((a, b) => a.number - b.number);
  for (const [i, { number, name }] of migrations.entries()) {
    if (number !== i + 1) throw new Error(`${name} in ${folder} should have the number ${i + 1}`);
  }
  return migrations;
}

/**
 * Applies what is missing, each migration in a transaction of its own. Two processes at once are safe: the lock makes
 * the second wait, and on an engine without it the unique row of `migrations` makes the second fail and start again.
 * @throws SixfoldError `failed_precondition` when the database is newer than this code
 */
export async function migrate(sql: Sql, migrations: readonly Migration[]): Promise<void> {
  await sql.unsafe(RECORD).catch(ignoreRace);
  const newest = migrations.at(-1)?.number ?? 0;
  for (const migration of migrations) await sql.begin((tx) => applyMigration(tx, migration), "patient");
  const [row] = await sql<{ newest: number | null }[]>`SELECT max(number) AS newest FROM migrations`;
  if ((row?.newest ?? 0) > newest) {
    throw new SixfoldError(
      "failed_precondition",
      `the database has schema ${row?.newest}, this version knows ${newest}; start a newer version of Sixfold`,
    );
  }
}

/** Applies one migration, unless that was done. */
export async function applyMigration(tx: Transaction, { number, name, sql }: Migration): Promise<void> {
  await tx`SELECT pg_advisory_xact_lock(${LOCK}::int)`;
  const claimed = await tx`
    INSERT INTO migrations (number, name) VALUES (${number}, ${name}) ON CONFLICT DO NOTHING RETURNING number`;
  if (claimed.length > 0) await tx.unsafe(sql);
}

/** Two processes that create the table at once: PostgreSQL lets one fail on its catalogue's unique index. */
function ignoreRace(error: unknown): void {
  if (error instanceof Error && "code" in error && (error.code === "23505" || error.code === "42P07")) return;
  throw error;
}
