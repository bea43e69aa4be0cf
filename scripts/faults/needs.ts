/** What the machine offers for making faults; Debian packages are installed where that is possible. */
import { debianTool, works } from "../tools.ts";
import type { Need } from "./row.ts";

const known = new Map<Need, string | undefined>();

/** Why rows with these needs cannot run here; undefined where they can. */
export async function missingNeed(needs: readonly Need[]): Promise<string | undefined> {
  for (const need of needs) {
    if (!known.has(need)) known.set(need, await look(need));
    const reason = known.get(need);
    if (reason !== undefined) return reason;
  }
}

async function look(need: Need): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "it takes Linux";
  const tool = async (program: string, args: readonly string[], name?: string) =>
    await debianTool(program, args, name) === undefined ? `${program} is missing` : undefined;
  const root = Deno.uid() === 0 ? undefined : "it takes root";
  switch (need) {
    case "root":
      return root;
    case "loop":
      return root ?? (await works("losetup", ["-f"]) ? undefined : "no loop device can be had");
    case "strace":
      return await tool("strace", ["-V"]);
    case "iptables":
      return root ?? await tool("iptables", ["-S"]);
    case "xfs":
      return root ?? await tool("mkfs.xfs", ["-V"], "xfsprogs");
    case "cgroup":
      return root ??
        (await isWritable("/sys/fs/cgroup/memory") ? undefined : "no memory cgroup (version 1) can be made");
    case "faketime":
      return await tool("faketime", ["--version"]);
  }
}

async function isWritable(folder: string): Promise<boolean> {
  const probe = `${folder}/sixfold-probe`;
  return await Deno.mkdir(probe).then(() => Deno.remove(probe)).then(() => true, () => false);
}

/** Looks for everything at once: afterwards the process may leave the network. */
export async function lookForAll(): Promise<void> {
  await missingNeed(["strace"]);
  if (Deno.uid() !== 0) return;
  for (const need of ["iptables", "xfs", "faketime"] as const) await missingNeed([need]);
}
