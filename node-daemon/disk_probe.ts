/** Whether the disk takes writes: a small file is written and synced every few seconds. */
import { open } from "node:fs/promises";
import { sleep } from "../shared/sleep.ts";

const TICK_MS = 1000;
/** Ticks between two probes. */
const REST_TICKS = 2;
/** A disk that has synced nothing for so many ticks takes no writes. */
const HUNG_TICKS = 10;

/**
 * Watches one disk. It counts its own ticks rather than the time: a process that was slow, or did not run at all, has not
 * waited for its disk.
 */
export class DiskProbe {
  readonly #write: () => Promise<void>;
  /** Ticks since the probe under way began, or since the last one ended. */
  #ticks = REST_TICKS;
  #probing = false;
  #refusal: string | undefined;

  /** @param write makes something durable, or throws as the disk does */
  constructor(write: () => Promise<void>) {
    this.#write = write;
  }

  /** Why the disk takes no writes, in words; empty when it does. */
  get trouble(): string {
    if (this.#refusal !== undefined) return `the disk refuses writes: ${this.#refusal}`;
    return this.#probing && this.#ticks >= HUNG_TICKS ? "the disk hangs: it has synced nothing for ten seconds" : "";
  }

  /** Lets a moment pass, and begins with a probe when it is time. */
  tick(): void {
    this.#ticks++;
    if (!this.#probing && this.#ticks > REST_TICKS) void this.#probe();
  }

  /** Ticks until the signal aborts. @param changed is called when there is trouble, and when it is over */
  async run(signal: AbortSignal, changed: () => void): Promise<void> {
    for (let told = this.trouble; !signal.aborted;) {
      await sleep(TICK_MS, signal);
      this.tick();
      if (told === this.trouble) continue;
      told = this.trouble;
      changed();
    }
  }

  /** A disk that hangs makes it wait, for ever perhaps: nobody waits for it. */
  async #probe(): Promise<void> {
    this.#probing = true;
    this.#ticks = 0;
    try {
      await this.#write();
      this.#refusal = undefined;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
      // A full disk syncs what is there already: how much room there is is told by other means.
      this.#refusal = code === "ENOSPC" || code === "EDQUOT" ? undefined : code;
    }
    this.#probing = false;
    this.#ticks = 0;
  }
}

/** Writes one page to a file and syncs it. */
export async function writeProbe(path: string): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.write(new Uint8Array(4096));
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
