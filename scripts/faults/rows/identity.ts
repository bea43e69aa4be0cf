/** Daemons that claim what another one has. */
import { freePort, launchDaemon, until } from "../../programs.ts";
import { TOKEN } from "../../local_cluster.ts";
import { runTool } from "../run_tool.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

const MIB = 1024 * 1024;
/** Long enough to start, and to ask. */
const REFUSED_MS = 20_000;

/** One more daemon on a folder, on ports of its own, that nobody waits for. */
async function intruder({ cluster }: Stage, folder: string): Promise<Deno.ChildProcess> {
  return launchDaemon({
    SIXFOLD_DATA_DIR: folder,
    DATABASE_URL: cluster.postgres.url,
    SIXFOLD_CLUSTER_TOKEN: TOKEN,
    SIXFOLD_GRPC_PORT: String(await freePort()),
    SIXFOLD_HTTP_PORT: String(await freePort()),
    SIXFOLD_RESERVE: "0",
    SIXFOLD_LOG: "error",
  });
}

/** The exit code of a process; undefined where it still runs after so long. */
async function exitWithin(process: Deno.ChildProcess, ms: number): Promise<number | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => timer = setTimeout(resolve, ms, undefined));
  const code = await Promise.race([process.status.then(({ code }) => code), late]);
  clearTimeout(timer);
  return code;
}

/** See above. */
export const IDENTITY_ROWS: readonly Row[] = [
  {
    number: 27,
    name: "a second daemon under the id of another one",
    inject: "a daemon on a copy of another one's folder",
    expect: "the second one refuses to start and says why; the first one goes on, and files read",
    phases: ["once"],
    run: async (stage) => {
      const content = stage.content(8 * MIB);
      await stage.put("before", content);
      // What is removed while the copy stands for the folder stays in the folder.
      await until("garbage is left", 60_000, async () => await stage.ledger.endGrace() === 0);
      const first = stage.daemon(0);
      const copy = `${stage.cluster.folder}/copy`;
      await runTool("cp", "-r", first.folder, copy);
      const second = await intruder(stage, copy);
      try {
        const code = await exitWithin(second, REFUSED_MS);
        check(code !== undefined && code !== 0, `the second one: ${code}`);
        check(await exitWithin(first.daemon.process, 100) === undefined, "the first one has ended");
        const got = await stage.get("before", content);
        check(got.status === 200 && got.wrong === undefined, `a read: ${got.status} ${got.wrong ?? got.code}`);
      } finally {
        if (await exitWithin(second, 100) === undefined) second.kill("SIGKILL");
        await Deno.remove(copy, { recursive: true });
      }
    },
  },
  {
    number: 28,
    name: "a second daemon on the same folder",
    inject: "a daemon on another one's folder",
    expect: "it refuses to start, and the first one goes on",
    phases: ["once"],
    run: async (stage) => {
      const second = await intruder(stage, stage.daemon(0).folder);
      const code = await exitWithin(second, 10_000);
      if (code === undefined) second.kill("SIGKILL");
      check(code !== undefined && code !== 0, `it ended with ${code}`);
      const { status } = await stage.put("after", stage.content(8 * MIB));
      check(status === 201, `an upload: ${status}`);
    },
  },
];
