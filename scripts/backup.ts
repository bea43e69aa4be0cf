/**
 * `npm run backup` and `npm run restore`: on the server that `DATABASE_URL` names, or on the PostgreSQL of `npm start`,
 * which is started for it where it does not run.
 */
import { resolve } from "node:path";
import { findPostgres, type Postgres, startPostgres } from "./embedded_postgres.ts";
import { ownFolder } from "./own_folder.ts";
import { freePort, ROOT } from "./programs.ts";

const [what = "", file] = Deno.args;

/** The server of `npm start`. Where it is started, an `npm start` at the same moment would end it as a leftover: one or the other. */
async function ownServer(): Promise<Pick<Postgres, "url" | "stop">> {
  const data = resolve(ROOT, Deno.env.get("SIXFOLD_DATA_DIR") ?? "data");
  const folder = `${data}/postgres`;
  const running = await findPostgres(folder);
  if (running !== undefined) return { url: running, stop: () => Promise.resolve() };
  if (what === "backup" && !(await Deno.stat(`${folder}/data`).then(() => true, () => false))) {
    throw new Error(`npm start has no database in ${folder}; DATABASE_URL or SIXFOLD_DATA_DIR says where one is`);
  }
  await ownFolder(data);
  return await startPostgres(folder, await freePort());
}

try {
  if (file === undefined) throw new Error(`usage: npm run ${what} -- <file>`);
  const given = Deno.env.get("DATABASE_URL");
  const own = given ? undefined : await ownServer();
  // Files are named from where the user is, which npm remembers.
  const path = resolve(Deno.env.get("INIT_CWD") || Deno.cwd(), file);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-prompt", `${ROOT}gateway/backup.ts`, what, path],
    env: { DATABASE_URL: given || (own?.url ?? "") },
  }).spawn().status;
  await own?.stop();
  Deno.exit(code);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
