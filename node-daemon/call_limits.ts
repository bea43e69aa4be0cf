/** How many calls a daemon takes at once: each holds a buffer, and a disk does not get faster by more of them. */
import { SixfoldError } from "../shared/errors.ts";
import { Turnstile } from "../shared/turnstile.ts";

/** Chunks that are written at once. Each holds about 2 MiB. */
const PUTS = 128;
/** Windows that are read at once. Each holds up to 8 MiB, as a rule 2. */
const GETS = 64;
const LINE = 256;
/** A gateway gives up a daemon that makes no step for two seconds, and has others to ask. */
const WAIT_MS = 1000;

/** The limits of one daemon. */
export interface CallLimits {
  /** @throws SixfoldError `resource_exhausted` when too much is going on, `unavailable` when the daemon stops */
  put<T>(work: () => Promise<T>): Promise<T>;
  /** What `put` goes through. */
  readonly puts: Pick<Turnstile, "inside" | "waiting">;
  /** Refuses with `resource_exhausted`. */
  readonly get: Turnstile;
}

/** @param stopping new chunks are refused once it has aborted; what is there is read as long as the doors are open */
export function createCallLimits(stopping: AbortSignal): CallLimits {
  const puts = new Turnstile({ most: PUTS, line: LINE, waitMs: WAIT_MS, busy });
  return {
    async put(work) {
      if (stopping.aborted) throw new SixfoldError("unavailable", "this server stops; store the chunk on another one");
      await puts.enter();
      try {
        return await work();
      } finally {
        puts.leave();
      }
    },
    puts,
    get: new Turnstile({ most: GETS, line: LINE, waitMs: WAIT_MS, busy }),
  };
}

function busy(): SixfoldError {
  return new SixfoldError("resource_exhausted", "this server has too much to do; ask another one, or try again");
}
