/** The memory that all uploads share: stripes are taken from a fixed budget, and new work waits for one. */
import { Stripe } from "../../shared/erasure.ts";
import { CHUNKS, type Layout } from "../../shared/layout.ts";

/** Stripes of one layout and block size. */
export class StripePool {
  readonly #idle: Stripe[] = [];
  readonly #waiting = new Set<(stripe: Stripe) => void>();
  #left: number;

  /** @param budget bytes that all stripes together may take; at least one stripe is made */
  constructor(readonly layout: Layout, readonly blockSize: number, budget: number) {
    this.#left = Math.max(1, Math.floor(budget / (CHUNKS * blockSize)));
  }

  /** Takes a stripe; waits in line while all are in use. */
  async take(signal: AbortSignal): Promise<Stripe> {
    signal.throwIfAborted();
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#left > 0) {
      this.#left--;
      return new Stripe(this.layout, this.blockSize);
    }
    return await new Promise<Stripe>((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(wake);
        reject(signal.reason);
      };
      const wake = (stripe: Stripe) => {
        signal.removeEventListener("abort", abort);
        resolve(stripe);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.add(wake);
    });
  }

  /** Gives a stripe back: to the first in line, so that nobody who comes later overtakes. */
  give(stripe: Stripe): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#idle.push(stripe);
      return;
    }
    this.#waiting.delete(next);
    next(stripe);
  }
}
