/** The clock of one call: it runs only while the other side is waited for, and aborts the call when no step comes. */
import { SixfoldError } from "../../shared/errors.ts";

/** How long a daemon may keep the gateway waiting for its next step, in ms. */
const PROGRESS_MS = 2000;
/** How long it may take to make a chunk durable. */
const CLOSING_MS = 10_000;

/** Aborts a call when the other side makes no step in time, or when the caller does. */
export class ProgressClock {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #late = false;

  constructor(caller: AbortSignal) {
    this.signal = AbortSignal.any([caller, this.#controller.signal]);
  }

  /** The next step is waited for from now on. */
  start(): void {
    this.#run(PROGRESS_MS);
  }

  /** The last step is waited for: an fsync may take longer than a write. */
  closing(): void {
    this.#run(CLOSING_MS);
  }

  /** Nothing is waited for. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the call. */
  abort(): void {
    this.stop();
    this.#controller.abort();
  }

  /** The error to show for one that the call has thrown. */
  explain(error: unknown): SixfoldError {
    if (!this.#late) return SixfoldError.from(error);
    return new SixfoldError("unavailable", "a storage server made no progress in time; try again", { cause: error });
  }

  #run(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#late = true;
      this.#controller.abort();
    }, ms);
  }
}
