/** The memory that all uploads share: stripes are taken from a fixed budget, and new work waits for one. */
import { Stripe } from "../../shared/erasure.ts";
import { CHUNKS, type Layout } from "../../shared/layout.ts";

/** Stripes of one layout and block size. */
export class StripePool {
  readonly #idle: Stripe[] = [];
  readonly #waiting: (() => void)[] = [];
  #left: number;

  /** @param budget bytes that all stripes together may take; at least one stripe is made */
  constructor(readonly layout: Layout, readonly blockSize: number, budget: number) {
    this.#left = Math.max(1, Math.floor(budget / (CHUNKS * blockSize)));
  }

  /** Takes a stripe; waits while all are in use. */
  async take(signal: AbortSignal): Promise<Stripe> {
    signal.throwIfAborted();
    while (this.#left === 0) {
      await new Promise<void>((resolve, reject) => {
        const abort = () => {
          const at = this.#waiting.indexOf(wake);
          if (at >= 0) this.#waiting.splice(at, 1);
          reject(signal.reason);
        };
        const wake = () => {
          signal.removeEventListener("abort", abort);
          resolve();
        };
        signal.addEventListener("abort", abort, { once: true });
        this.#waiting.push(wake);
      });
    }
    this.#left--;
    return this.#idle.pop() ?? new Stripe(this.layout, this.blockSize);
  }

  /** Gives a stripe back. */
  give(stripe: Stripe): void {
    this.#idle.push(stripe);
    this.#left++;
    this.#waiting.shift()?.();
  }
}
