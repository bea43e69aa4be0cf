/** Tries a call again that may succeed the next time: later and later, by chance, and never so often as to be a load of its own. */
import { SixfoldError } from "./errors.ts";
import { sleep } from "./sleep.ts";

const BASE_MS = 1000;
const FACTOR = 2;
/** How often a call is made again at most. */
export const RETRIES = 3;
/** Of a hundred requests, so many may be retries. */
const SHARE = 0.1;
/** Retries that a quiet process may make at once: what it did not need before is not saved up without end. */
const SAVED = 10;

/** Keeps retries within a tenth of all requests, whatever is down. Several kinds of calls may share one. */
export class RetryBudget {
  #left = SAVED;

  /** A request is made for the first time. */
  request(): void {
    this.#left = Math.min(SAVED, this.#left + SHARE);
  }

  /** Asks for a retry. @returns whether it may be made */
  take(): boolean {
    // A hair less than one: ten times a tenth is less than one in binary.
    if (this.#left < 1 - 1e-9) return false;
    this.#left -= 1;
    return true;
  }
}

/** What retries go by. */
export interface RetryRules {
  readonly budget: RetryBudget;
  /** From 0 to 1. */
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Hears of each error after which the call is made again. */
  readonly heard?: (error: SixfoldError) => void;
}

/** The most that the retry of this number (from 0) waits, in ms: 1, 2, 4 s. */
export function longestWait(retry: number): number {
  return BASE_MS * FACTOR ** retry;
}

/**
 * Makes a call, and again at most three times after an error that may pass, with full jitter.
 * @param call must be idempotent
 * @param signal ends the waiting too; put the deadline in it
 * @throws what the last try threw
 */
export async function retry<T>(
  call: () => Promise<T>,
  signal: AbortSignal,
  { budget, random = Math.random, sleep: wait = sleep, heard }: RetryRules,
): Promise<T> {
  budget.request();
  for (let tries = 0;; tries++) {
    try {
      return await call();
    } catch (error) {
      const passes = error instanceof SixfoldError && error.retryable;
      if (!passes || tries === RETRIES || signal.aborted || !budget.take()) throw error;
      heard?.(error);
      await wait(random() * longestWait(tries), signal);
      if (signal.aborted) throw error;
    }
  }
}
