/** Sixfold's programs as processes on this machine: how they are started, waited for and ended. */
import { createServer } from "node:net";
import { gatewayFlags } from "./gateway_flags.mjs";
import { fromFileUrl } from "./paths.ts";
import { ownPorts } from "./own_ports.ts";

/** The project's folder, with a slash at its end. */
export const ROOT = fromFileUrl(new URL("..", import.meta.url));

const POLL_MS = 50;
const ports = await ownPorts();

/** Which code runs, and how. */
export interface Code {
  /** A folder of the project, with a slash at its end. */
  readonly root: string;
  /** Whether signals of the terminal stay away from the process: its starter ends it, in its own order. */
  readonly detached?: boolean;
  /** The folder for profiles. */
  readonly profiles?: string | undefined;
  /** A group of its own, by which a packet filter knows it. */
  readonly gid?: number;
  /** A file that is loaded before the program's own. */
  readonly preload?: string;
}

const OWN: Code = { root: ROOT };

/** Starts a gateway with these settings besides the environment's. */
export function launchGateway(settings: Record<string, string>, code: Code = OWN): Deno.ChildProcess {
  const { root, profiles } = code;
  const profile = profiles === undefined ? [] : [`--cpu-prof-dir=${profiles}`];
  return launch(
    Deno.execPath(),
    [
      "run",
      ...profile,
      ...preloadOf(code),
      ...gatewayFlags(root, { ...Deno.env.toObject(), ...settings }),
      `${root}gateway/main.ts`,
    ],
    settings,
    code,
  );
}

/**
 * Starts a storage daemon with these settings besides the environment's. Where the environment names a folder for
 * reports of coverage, the daemon leaves one there; Deno's own variable does the same for gateways.
 */
export function launchDaemon(settings: Record<string, string>, code: Code = OWN): Deno.ChildProcess {
  const { root, profiles } = code;
  const reports = Deno.env.get("SIXFOLD_COVERAGE_DIR");
  const profile = profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
  const args = reports && profiles === undefined
    ? bunCoverage(reports, `${root}node-daemon/covered.ts`)
    : [...profile, ...preloadOf(code), "run", `${root}node-daemon/main.ts`];
  return launch(Deno.env.get("SIXFOLD_BUN") ?? "bun", args, settings, code);
}

function preloadOf({ preload }: Code): string[] {
  return preload === undefined ? [] : [`--preload=${preload}`];
}

/** How Bun runs tests so that a report of their coverage lies in a folder of its own below `reports`. */
export function bunCoverage(reports: string, ...tests: string[]): string[] {
  const folder = `${reports}/${crypto.randomUUID()}`;
  return ["test", "--coverage", "--coverage-reporter=lcov", `--coverage-dir=${folder}`, ...tests];
}

function launch(
  command: string,
  args: string[],
  env: Record<string, string>,
  { detached = false, gid }: Code,
): Deno.ChildProcess {
  const group = gid === undefined ? {} : { gid };
  const options = { args, env, detached, ...group, stdin: "null", stdout: "inherit", stderr: "inherit" } as const;
  return new Deno.Command(command, options).spawn();
}

/**
 * Tells processes to stop, and waits until they have. Those that have ended already are fine.
 * @returns the codes of those that ended otherwise than they should: also a promise that nobody heard reject is one
 */
export async function stopAll(processes: readonly Deno.ChildProcess[]): Promise<number[]> {
  const told = processes.filter((process) => {
    try {
      process.kill("SIGTERM");
      // One that a test has stopped, and failed, would never hear of it.
      process.kill("SIGCONT");
      return true;
    } catch {
      return false; // It has ended already.
    }
  });
  await Promise.all(processes.map(({ status }) => status));
  const statuses = await Promise.all(told.map(({ status }) => status));
  return statuses.filter(({ code, signal }) => code !== 0 && signal === null).map(({ code }) => code);
}

/** Whether an address answers well. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.ok;
}

/**
 * Asks again and again until the answer is yes; an error counts as no. What takes long to answer is asked less often: the
 * asking takes a sixth of a core at most from what it waits for.
 * @throws Error that says `what` is not so, when it takes longer than `ms`
 */
export async function until(what: string, ms: number, condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const asked = performance.now();
    if (await condition().catch(() => false)) return;
    const took = performance.now() - asked;
    await new Promise((resolve) => setTimeout(resolve, Math.max(POLL_MS, 5 * took)));
  }
  throw new Error(`${what} after ${ms / 1000} s; look at the messages above`);
}

/** A port of loopback that is free now: the given one, or any where it is 0. @throws Error when it is taken */
export async function freePort(port = 0): Promise<number> {
  if (port === 0) {
    const own = ports.next().value;
    return await isFree(own) ? own : await freePort();
  }
  if (await isFree(port)) return port;
  throw new Error(`port ${port} is taken; choose another with SIXFOLD_PORT, or 0`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
