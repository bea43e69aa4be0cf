/**
 * `npm run backup -- <file>` and `npm run restore -- <file>`: what the database knows, as a file, and back. scripts/backup.ts
 * says which database.
 */
import { DATABASE_URL, readSettings } from "../shared/config.ts";
import { startFailure } from "../shared/errors.ts";
import { readLines, writeLines } from "./backup_file.ts";
import { backupLines, type BackupMark, restoreLines } from "./db/backup.ts";
import { openDatabase, type Sql } from "./db/database.ts";
import { readMigrations } from "./db/migrate.ts";

/** What of a backup is worth a word. */
const COUNTED = ["files", "upload_sessions", "storage_servers", "api_keys"];

async function backup(sql: Sql, path: string): Promise<string> {
  const began = performance.now();
  let mark: BackupMark | undefined;
  const counts: string[] = [];
  await sql.begin(async (tx) => {
    counts.length = 0;
    const told = {
      mark: (one: BackupMark) => void (mark = one),
      table: (name: string, rows: number) => void (COUNTED.includes(name) && counts.push(`${rows} ${name}`)),
    };
    await writeLines(path, backupLines(tx, told));
  }, "patient");
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  return `${path} has the database as it was at ${mark?.at}: ${counts.join(", ")}; it took ${seconds} s`;
}

async function restore(sql: Sql, path: string): Promise<string> {
  const migrations = await readMigrations(new URL("../migrations/", import.meta.url));
  const { at } = await restoreLines(sql, migrations, () => readLines(path));
  return `restored as it was at ${at}. Start the cluster: files are served and stored, and nothing is removed from the ` +
    "disks until somebody has looked, and confirmed it: sixfold database confirm";
}

const [what, path = ""] = Deno.args;
try {
  const sql = await openDatabase(readSettings({ DATABASE_URL }, Deno.env.toObject()).DATABASE_URL, 1);
  try {
    console.log(await (what === "backup" ? backup : restore)(sql, path));
  } finally {
    await sql.end();
  }
} catch (error) {
  const cut = error instanceof TypeError ? `${path} is damaged or cut off: ${error.message}` : error;
  console.error(error instanceof Deno.errors.NotFound ? error.message : startFailure(cut));
  Deno.exit(1);
}
