/** A memory cgroup (version 1) for as long as it is needed. */
const PARENT = "/sys/fs/cgroup/memory";

/** See above. */
export class MemoryGroup implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** Makes one. @param limit the bytes that its processes may take from now on; what they hold counts elsewhere */
  static async make(limit: number): Promise<MemoryGroup> {
    const folder = `${PARENT}/sixfold-faults-${crypto.randomUUID()}`;
    await Deno.mkdir(folder, { recursive: true });
    const group = new MemoryGroup(folder);
    await group.#write("memory.limit_in_bytes", limit);
    return group;
  }

  /** Puts a process into it. */
  async add(pid: number): Promise<void> {
    await this.#write("cgroup.procs", pid);
  }

  /** How many processes the kernel has killed in it. */
  async kills(): Promise<number> {
    return Number(/oom_kill (\d+)/.exec(await Deno.readTextFile(`${this.folder}/memory.oom_control`))?.[1] ?? 0);
  }

  /** Ends with its last process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder).catch(() => {});
  }

  async #write(name: string, value: number): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/${name}`, String(value));
  }
}
