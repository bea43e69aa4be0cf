/** `npm run backup` and `npm run restore` as tests run them. */
import { ROOT } from "../scripts/programs.ts";

/** Runs one of them on a database, or without one on that of a folder. @returns how it ended, and what it wrote */
export async function backupProgram(
  what: "backup" | "restore",
  path: string,
  database: string,
  folder = "",
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${ROOT}scripts/backup.ts`, what, path],
    env: { DATABASE_URL: database, SIXFOLD_DATA_DIR: folder, INIT_CWD: "" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}
