/** Work on the disk that goes on beside the heartbeats: a disk that hangs or refuses must not hold them up. */
import type { Logger } from "../shared/logger.ts";
import { within } from "../shared/within.ts";

/** Runs chores, each kind once at a time. */
export class DiskChores {
  readonly #log: Logger;
  readonly #running = new Map<string, Promise<void>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Begins a chore, unless the one before of its kind is still under way. Its errors are logged. */
  begin(kind: string, chore: () => Promise<unknown>): void {
    if (this.#running.has(kind)) return;
    const running = chore().then(() => {})
      .catch((error) => this.#log.warn("the disk did not take what it should; it is tried again", { kind, error }))
      .finally(() => this.#running.delete(kind));
    this.#running.set(kind, running);
  }

  /** Waits for what is under way, so many ms at most. */
  async settle(ms: number): Promise<void> {
    await within(ms, Promise.all(this.#running.values()), "the disk hangs").catch(() => {});
  }
}
