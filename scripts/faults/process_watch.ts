/** Looks after processes: an end that nobody planned is a fault, and so is what they do not give back. */

/** What a process holds. */
interface Holdings {
  /** Resident memory in MiB. */
  readonly memory: number;
  /** Open files and sockets. */
  readonly files: number;
}

/** The most memory that a gateway or a daemon may hold, in MiB. */
const MOST_MEMORY = 256;
/** Open files that a process may have more than at first: a daemon keeps 64 chunks open, and connections are kept a while. */
const MORE_FILES = 64 + 32;

/** The processes of one cluster. */
export class ProcessWatch {
  readonly #names = new Map<Deno.ChildProcess, string>();
  readonly #baselines = new Map<Deno.ChildProcess, Holdings>();
  readonly #planned = new Set<Deno.ChildProcess>();
  readonly #faults: string[] = [];

  /** Watches a process from now on. */
  add(process: Deno.ChildProcess, name: string): void {
    this.#names.set(process, name);
    process.status.then(({ code, signal }) => {
      this.#names.delete(process);
      if (!this.#planned.has(process)) this.#faults.push(`${name} ended by itself: ${signal ?? `code ${code}`}`);
    });
  }

  /** An end of this process is planned. */
  expect(process: Deno.ChildProcess): void {
    this.#planned.add(process);
  }

  /** Kills a process and waits for its end. */
  async kill(process: Deno.ChildProcess): Promise<void> {
    this.expect(process);
    if (this.#names.has(process)) process.kill("SIGKILL");
    await process.status;
  }

  /** The ends that nobody planned. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** Takes what the processes hold now for normal, where nothing is known of them yet. */
  async takeBaselines(): Promise<void> {
    for (const process of this.#names.keys()) {
      if (!this.#baselines.has(process)) this.#baselines.set(process, await holdingsOf(process.pid));
    }
  }

  /** Who holds more than it should. */
  async excesses(): Promise<string[]> {
    const found: string[] = [];
    for (const [process, name] of this.#names) {
      const baseline = this.#baselines.get(process);
      const { memory, files } = await holdingsOf(process.pid);
      if (memory > MOST_MEMORY) found.push(`${name} holds ${memory.toFixed(0)} MiB`);
      if (baseline && files > baseline.files + MORE_FILES) {
        found.push(`${name} has ${files} files open, at first ${baseline.files}`);
      }
    }
    return found;
  }
}

/** The memory that a process holds now, in MiB; 0 where there is none. */
export async function residentMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

async function holdingsOf(pid: number): Promise<Holdings> {
  let files = 0;
  try {
    for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) files++;
  } catch { /* it has ended */ }
  return { memory: await residentMemory(pid), files };
}
