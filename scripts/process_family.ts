/** A process and all that it has started, with what these have: PostgreSQL has one for each connection. */
export async function familyOf(pid: number): Promise<number[]> {
  const parents = Deno.build.os === "linux" ? await parentsInProc() : await parentsByPs();
  const family = [pid];
  for (const parent of family) {
    for (const [child, itsParent] of parents) if (itsParent === parent) family.push(child);
  }
  return family;
}

/** Not every Linux has `ps`. */
async function parentsInProc(): Promise<[child: number, parent: number][]> {
  const parents: [number, number][] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    // The name stands in brackets and may hold anything; the state and the parent follow.
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    parents.push([Number(name), Number(parent)]);
  }
  return parents;
}

async function parentsByPs(): Promise<[child: number, parent: number][]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-e", "-o", "pid=,ppid="] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => {
    const [child = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
    return [child, parent];
  });
}
