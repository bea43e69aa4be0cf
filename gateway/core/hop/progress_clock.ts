/** The clock of one call: it runs only while the other side is waited for, and aborts the call when no step comes. */
import { SixfoldError } from "../../../shared/errors.ts";

/** How long a daemon may keep the gateway waiting for its next step, in ms. */
const PROGRESS_MS = 2000;
/** How long it may take to make a chunk durable. */
const CLOSING_MS = 10_000;
/** A timer that comes so much too late, in ms, tells that this process stood still, and nothing of the other side. */
const STOOD_STILL_MS = 500;

/** What is to be heard of a call before it is given up. */
export interface Hint {
  /** After so many ms without a step, and again after as many more. */
  readonly afterMs: number;
  readonly hear: () => void;
}

/** An error that says that a server took too long. @param cause what it led to, where that is known */
export function tooLate(what: string, cause?: unknown): SixfoldError {
  return new SixfoldError("unavailable", `a storage server ${what}; try again`, {
    cause: Object.assign(new DOMException(what, "TimeoutError"), { cause }),
  });
}

/** Whether an error says that a server took too long, rather than that it is gone. */
export function isTooLate({ code, cause }: SixfoldError): boolean {
  return code === "deadline_exceeded" || (cause instanceof DOMException && cause.name === "TimeoutError");
}

/** Why a call is aborted that nobody waits for any more, since the others of its kind are done. */
export const LEFT_BEHIND = new SixfoldError("canceled", "the upload goes on without a server that is late");

/** Aborts a call when the other side makes no step in time, or when the caller does. */
export class ProgressClock {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  readonly #hint: Hint | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;
  /** What is waited for at most, in ms; Infinity while nothing is. */
  #limit = Infinity;
  #since = 0;
  #firstStep: number | undefined;
  #late = false;

  constructor(caller: AbortSignal, hint?: Hint) {
    this.signal = AbortSignal.any([caller, this.#controller.signal]);
    this.#hint = hint;
  }

  /** How long the first step took, in ms; undefined before it. */
  get firstStep(): number | undefined {
    return this.#firstStep;
  }

  /** The next step is waited for from now on. */
  start(): void {
    this.#run(PROGRESS_MS);
  }

  /** The last step is waited for: an fsync may take longer than a write. */
  closing(): void {
    this.#run(CLOSING_MS);
  }

  /** Nothing is waited for. The timer stays: to set one for each block would cost more than to let it find nothing. */
  pause(): void {
    this.#limit = Infinity;
  }

  /** The call has ended. */
  stop(): void {
    this.pause();
    clearTimeout(this.#timer);
    this.#due = Infinity;
  }

  /** Ends the call. */
  abort(): void {
    this.stop();
    this.#controller.abort();
  }

  /** The error to show for one that the call has thrown. */
  explain(error: unknown): SixfoldError {
    return this.#late ? tooLate("made no progress in time", error) : SixfoldError.from(error);
  }

  #run(ms: number): void {
    const now = performance.now();
    if (this.#limit !== Infinity) this.#firstStep ??= now - this.#since;
    this.#limit = ms;
    this.#since = now;
    this.#arm(now, 0);
  }

  #arm(now: number, waited: number): void {
    const hint = this.#hint?.afterMs ?? Infinity;
    const left = Math.min(this.#limit - waited, hint - waited % hint || hint);
    if (this.#due <= now + left) return;
    clearTimeout(this.#timer);
    this.#due = now + left;
    this.#timer = setTimeout(() => this.#look(), left);
  }

  #look(): void {
    const now = performance.now();
    const stoodStill = now - this.#due > STOOD_STILL_MS;
    this.#due = Infinity;
    if (this.#limit === Infinity) return;
    // What came meanwhile has not been heard yet: the wait begins anew.
    if (stoodStill) this.#since = now;
    const waited = now - this.#since;
    // Timers may come a little early.
    if (waited >= this.#limit - 1) {
      this.#late = true;
      this.#controller.abort();
      return;
    }
    if (waited >= (this.#hint?.afterMs ?? Infinity) - 1) this.#hint?.hear();
    this.#arm(now, waited + 1);
  }
}
