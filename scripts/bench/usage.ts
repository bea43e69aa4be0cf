/** What processes have taken of the machine, read from /proc; nothing where there is none. */

import { familyOf } from "../process_family.ts";

/** Ticks of a second in /proc: USER_HZ, which is 100 on every Linux that people run. */
const TICKS = 100;

/** Seconds of CPU that processes and their children have taken so far; NaN where it cannot be known. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const all = await Promise.all(pids.map(async (pid) => {
    let ticks = 0;
    // The parent comes last: by then it has the time of a child that ends meanwhile, as PostgreSQL's come and go.
    for (const member of (await familyOf(pid)).reverse()) {
      const text = await Deno.readTextFile(`/proc/${member}/stat`).catch(() => "");
      if (text === "" && member !== pid) continue;
      // The name stands in brackets and may hold anything; user and system time, then those of ended children, follow.
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      ticks += [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    }
    return ticks;
  }));
  return all.reduce((sum, ticks) => sum + ticks, 0) / TICKS;
}

/** The largest memory that a process has had, in MiB; NaN where it cannot be known. */
export async function peakMemory(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? NaN) / 1024;
}
