/** All rows of the database as lines of text, and back: what a backup is made of. */
import { SixfoldError } from "../../shared/errors.ts";
import type { Sql, Transaction } from "./database.ts";
import { applyMigration, type Migration, RECORD } from "./migrate.ts";

/** All tables, each behind those that its rows refer to. What migrations were applied, the first line of a backup says. */
const TABLES = [
  "cluster",
  "storage_servers",
  "hash_ring_nodes",
  "buckets",
  "files",
  "segments",
  "chunks",
  "garbage",
  "intents",
  "outcomes",
  "upload_sessions",
  "parts",
  "part_chunks",
  "repairs",
  "reconciliations",
  "changes",
  "moves",
  "api_keys",
  "deleted_files",
];

/** Raised when lines mean something else than they do now. */
const FORMAT = 1;
/** Rows that are asked for, or stored, at once; and of how many characters of text. */
const ROWS = 500;
const CHARACTERS = 1 << 20;

/** The disk that the lines go to, or come from, may be slow. */
const UNHURRIED = "SET LOCAL idle_in_transaction_session_timeout = 0";

/** What a backup says of itself. */
export interface BackupMark {
  readonly format: number;
  /** The number of the newest migration. */
  readonly schema: number;
  readonly cluster: string;
  /** The moment whose rows it has. */
  readonly at: string;
}

/**
 * The lines of a backup: its mark, then each table's name and columns as an array and its rows as objects, then how many
 * rows that were. All are of one moment, however long it takes, and nobody waits for it.
 * @param told receives the mark, and how many rows of a table there were
 */
export async function* backupLines(
  tx: Transaction,
  told: { mark(mark: BackupMark): void; table(name: string, rows: number): void },
): AsyncGenerator<string> {
  await tx.unsafe("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  await tx.unsafe(`SET LOCAL TimeZone = 'UTC'; ${UNHURRIED}`);
  const columns = await columnsOf(tx);
  const [row] = await tx<Omit<BackupMark, "format">[]>`
    SELECT (SELECT max(number) FROM migrations) AS schema, id AS cluster, to_json(now()) #>> '{}' AS at FROM cluster`;
  if (row === undefined) throw new SixfoldError("failed_precondition", "the database is not one of Sixfold's");
  const mark = { format: FORMAT, ...row };
  told.mark(mark);
  yield JSON.stringify(mark);
  let all = 0;
  for (const table of TABLES) {
    yield JSON.stringify([table, ...columns.get(table) ?? []]);
    let count = 0;
    await tx.unsafe(`DECLARE backup NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS line FROM "${table}" t`);
    for (let full = true; full;) {
      const rows = await tx.unsafe<{ line: string }[]>(`FETCH ${ROWS} FROM backup`);
      for (const { line } of rows) yield line;
      count += rows.length;
      full = rows.length === ROWS;
    }
    await tx.unsafe("CLOSE backup");
    told.table(table, count);
    all += count;
  }
  yield JSON.stringify(all);
}

/** The columns that have values of their own, by table. */
async function columnsOf(tx: Transaction): Promise<Map<string, string[]>> {
  const rows = await tx<{ table: string; columns: string[] }[]>`
    SELECT c.table_name::text AS "table", array_agg(c.column_name::text ORDER BY c.ordinal_position) AS columns
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
      AND t.table_name <> 'migrations'
    GROUP BY 1`;
  const found = rows.map(({ table }) => table);
  if (found.toSorted().join() !== TABLES.toSorted().join()) {
    throw new SixfoldError(
      "failed_precondition",
      `the database has not the tables that this version knows; start a gateway of this version on it first`,
    );
  }
  return new Map(rows.map(({ table, columns }) => [table, columns]));
}

/**
 * Makes the tables of a backup in an empty database and fills them: all of it, or nothing. What it restores is doubted,
 * so that nothing is removed from the disks until a person has confirmed it.
 * @param lines of `backupLines`, once for each try
 * @throws SixfoldError `failed_precondition` when the database is not empty, or the backup newer than this code;
 * `data_loss` when the backup ends too soon
 */
export async function restoreLines(
  sql: Sql,
  migrations: readonly Migration[],
  lines: () => AsyncIterable<string>,
): Promise<BackupMark> {
  return await sql.begin(async (tx) => {
    await tx.unsafe(UNHURRIED);
    const reader = lines()[Symbol.asyncIterator]();
    const mark = readMark(await nextOf(reader));
    const known = migrations.length;
    if (mark.schema > known) {
      throw new SixfoldError(
        "failed_precondition",
        `the backup has schema ${mark.schema}, this version knows ${known}; restore it with a newer version of Sixfold`,
      );
    }
    await makeTables(tx, migrations.slice(0, mark.schema));
    let table: readonly string[] = [];
    let count = 0;
    let batch: string[] = [];
    let characters = 0;
    const store = async () => {
      if (batch.length > 0) await insert(tx, table, batch);
      [batch, characters] = [[], 0];
    };
    for (let line = await nextOf(reader);; line = await nextOf(reader)) {
      if (line.startsWith("{")) {
        batch.push(line);
        count++;
        characters += line.length;
        if (batch.length < ROWS && characters < CHARACTERS) continue;
      }
      await store();
      if (line.startsWith("[")) table = readTable(line);
      else if (!line.startsWith("{")) {
        if (Number(line) !== count) {
          throw new SixfoldError("data_loss", `the backup should have ${line} rows, not ${count}`);
        }
        break;
      }
    }
    // What comparing the disks had found was of another time.
    await tx`UPDATE reconciliations SET due_at = now(), state = 'waiting'`;
    await tx`UPDATE cluster SET doubt = ${`it was restored from a backup of ${mark.at}`}`;
    return mark;
  }, "patient");
}

function readMark(line: string): BackupMark {
  const mark = line.startsWith('{"format":') ? JSON.parse(line) as BackupMark : undefined;
  if (mark?.format === FORMAT) return mark;
  throw new SixfoldError("invalid_argument", "the file is no backup of Sixfold, or one of a newer version");
}

/** A table's name and columns: names of this project alone, for they become SQL. */
function readTable(line: string): readonly string[] {
  const [table = "", ...columns] = JSON.parse(line) as string[];
  if (TABLES.includes(table) && columns.every((name) => /^[a-z0-9_]+$/.test(name))) return [table, ...columns];
  throw new SixfoldError("data_loss", `the backup names the table ${table}, which this version does not know`);
}

async function nextOf(lines: AsyncIterator<string>): Promise<string> {
  const { done, value } = await lines.next();
  if (done) throw new SixfoldError("data_loss", "the backup ends too soon; take another one");
  return value;
}

async function makeTables(tx: Transaction, migrations: readonly Migration[]): Promise<void> {
  const [row] = await tx<{ tables: number }[]>`
    SELECT count(*) AS tables FROM information_schema.tables WHERE table_schema = current_schema()`;
  if (row === undefined || row.tables > 0) {
    throw new SixfoldError(
      "failed_precondition",
      `the database has ${row?.tables} tables; a backup is restored into an empty database, before a gateway starts on it`,
    );
  }
  await tx.unsafe(RECORD);
  for (const migration of migrations) await applyMigration(tx, migration);
  // The one row that a migration makes.
  await tx`DELETE FROM cluster`;
}

async function insert(tx: Transaction, [table = "", ...columns]: readonly string[], rows: readonly string[]) {
  const names = columns.map((name) => `"${name}"`).join(", ");
  await tx.unsafe(
    `INSERT INTO "${table}" (${names}) SELECT ${names} FROM json_populate_recordset(NULL::"${table}", $1::text::json)`,
    [`[${rows.join(",")}]`],
  );
}
