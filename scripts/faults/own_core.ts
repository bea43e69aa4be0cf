/** A core of their own for the clients of a load: real ones come from other machines, and take none of the servers' time. */
import { runTool } from "./run_tool.ts";

/** Where clients run: what to put before their command. */
export type OwnCore = readonly string[];

/**
 * Keeps this process and all that it has started off one core while `work` runs clients there. On a machine of one core
 * they share it.
 */
export async function withOwnCore<T>(work: (own: OwnCore) => Promise<T>): Promise<T> {
  const last = navigator.hardwareConcurrency - 1;
  if (last < 1) return await work([]);
  const keepTo = async (cores: string) => {
    // A process that has ended meanwhile needs no core.
    for (const pid of await family(Deno.pid)) {
      await runTool("taskset", "-a", "-c", "-p", cores, `${pid}`).catch(() => {});
    }
  };
  await keepTo(`0-${last - 1}`);
  try {
    return await work(["taskset", "-c", `${last}`]);
  } finally {
    await keepTo(`0-${last}`);
  }
}

/** A process and those that it has started, and those that these have started, and so on. */
async function family(root: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for await (const { name } of Deno.readDir("/proc")) {
    const stat = /^\d+$/.test(name) ? await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "") : "";
    // What follows the name of the program, which may have brackets and spaces in it: state, parent.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...children.get(parent) ?? [], Number(name)]);
  }
  const all = [root];
  for (const pid of all) all.push(...children.get(pid) ?? []);
  return all;
}
