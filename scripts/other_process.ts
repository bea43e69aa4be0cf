/** Processes that somebody else has started: a number alone does not say which, for numbers are used again. */
import { until } from "./programs.ts";

/** A gateway lets running requests finish for half a minute. */
const ENDING_MS = 35_000;

/** What is known of a process from outside. */
interface Sight {
  /** When it began, and its command line, in one line. */
  readonly identity: string;
  /** Whether it has ended, and its parent has not been told yet: its number is taken until then. */
  readonly ended: boolean;
}

/**
 * Tells a process to stop, and waits until its number is free; at last it is killed. Another one that has the number by
 * now is left alone.
 * @param isMeant tells by when it began and its command line
 */
export async function end(pid: number, isMeant: (identity: string) => boolean, signal: Deno.Signal = "SIGTERM") {
  const runs = async () => {
    const sight = await look(pid);
    return sight !== undefined && (sight.ended || isMeant(sight.identity));
  };
  if (!(pid > 0) || !(await runs())) return;
  Deno.kill(pid, signal);
  await until("it goes on", ENDING_MS, async () => !(await runs())).catch(() => Deno.kill(pid, "SIGKILL"));
}

/** When a process began, and its command line, in one line; undefined where there is none. */
export async function identityOf(pid: number): Promise<string | undefined> {
  return (await look(pid))?.identity;
}

async function look(pid: number): Promise<Sight | undefined> {
  if (Deno.build.os !== "linux") {
    const { stdout } = await new Deno.Command("ps", { args: ["-ww", "-o", "stat=,lstart=,args=", "-p", String(pid)] })
      .output();
    const [, state, identity] = /^(\S+)\s+(.*)/.exec(new TextDecoder().decode(stdout)) ?? [];
    return identity === undefined ? undefined : { identity, ended: state?.startsWith("Z") ?? false };
  }
  const [stat, command] = await Promise.all(["stat", "cmdline"].map((name) => {
    return Deno.readTextFile(`/proc/${pid}/${name}`).catch(() => undefined);
  }));
  if (stat === undefined || command === undefined) return undefined;
  // The second field, a name in brackets, may hold anything; the third is the state, the twenty-second the time of birth.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const line = command.replaceAll(/[\0\n]/g, " ").trim();
  return { identity: `${fields[19]} ${line}`, ended: fields[0] === "Z" };
}
