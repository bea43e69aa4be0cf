/** Mistakes in a gateway or a daemon that none of their code catches. */
import { LocalCluster } from "../../local_cluster.ts";
import { answers, ROOT, until } from "../../programs.ts";
import { ask } from "../ask.ts";
import { check, type Row } from "../row.ts";

const END_MS = 30_000;
/** What the log says of each mistake. */
const TOLD = { SIGUSR2: "nobody hears this", SIGHUP: "nobody catches this" } as const;

/** A process in which a mistake is made. */
interface Clumsy {
  readonly process: Deno.ChildProcess;
  readonly url: string;
  /** Where it logs. */
  readonly folder: string;
}

async function logOf(folder: string): Promise<string> {
  let text = "";
  for await (const { name } of Deno.readDir(folder)) text += await Deno.readTextFile(`${folder}/${name}`);
  return text;
}

/** Makes a mistake in a process. @throws Error when it is not told, or ends otherwise than it should */
async function err({ process, url, folder }: Clumsy, signal: keyof typeof TOLD): Promise<void> {
  process.kill(signal);
  if (signal === "SIGUSR2") {
    await until("the rejection is not counted", END_MS, async () => {
      return /^sixfold_uncaught\S* 1$/m.test((await ask(`${url}/metrics`)).text);
    });
    check(await answers(`${url}/healthz`), "the process does not go on");
    process.kill("SIGTERM");
  }
  const { code } = await process.status;
  check(code === 1, `the process has ended with code ${code}`);
  check((await logOf(folder)).includes(TOLD[signal]), "the log does not tell of it");
}

/** See above. */
export const UNCAUGHT_ROWS: readonly Row[] = [
  {
    number: 85,
    name: "a promise that nobody hears rejects, and an exception that nobody catches is thrown",
    inject: "a file that is loaded before a gateway and a daemon does so in them on a signal",
    expect: "both are counted and logged; the first lets work go on, the second ends it in order; the exit code is 1",
    phases: ["once"],
    run: async () => {
      for (const signal of ["SIGUSR2", "SIGHUP"] as const) {
        await using cluster = await LocalCluster.open({ root: ROOT, preload: `${ROOT}scripts/faults/mistakes.ts` });
        const folders = ["gateway", "daemon"].map((name) => `${cluster.folder}/${name}-log`);
        const [gatewayLog = "", daemonLog = ""] = folders;
        for (const folder of folders) await Deno.mkdir(folder);
        const url = await cluster.addGateway({ SIXFOLD_LOG_DIR: gatewayLog });
        const { http, process } = await cluster.addDaemon(`${cluster.folder}/daemon`, { SIXFOLD_LOG_DIR: daemonLog });
        await err({ process, url: `http://${http}`, folder: daemonLog }, signal);
        for (const process of cluster.gateways) await err({ process, url, folder: gatewayLog }, signal);
      }
    },
  },
];
