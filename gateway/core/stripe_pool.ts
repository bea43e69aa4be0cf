/** The memory that all uploads share: stripes are taken from a fixed budget, and new work waits for one. */
import { Stripe } from "../../shared/erasure.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { CHUNKS, type Layout } from "../../shared/layout.ts";
import { Turnstile } from "../../shared/turnstile.ts";
import { MemoryLine, type MemoryLoad } from "./memory_line.ts";

/** Uploads for each stripe there is: while one waits for its client or for the disks, others use its stripes. */
const UPLOADS = 4;
const WAIT_MS = 2000;

/** Stripes of one layout and block size. */
export class StripePool {
  readonly #idle: Stripe[] = [];
  readonly #line = new MemoryLine<Stripe>();
  /** Uploads that share the stripes: more of them at once would all be slow. */
  readonly uploads: Turnstile;
  readonly #most: number;
  #left: number;

  /** @param budget bytes that all stripes together may take; at least one stripe is made */
  constructor(readonly layout: Layout, readonly blockSize: number, budget: number) {
    this.#left = this.#most = Math.max(1, Math.floor(budget / (CHUNKS * blockSize)));
    const most = UPLOADS * this.#left;
    this.uploads = new Turnstile({ most, line: most, waitMs: WAIT_MS, busy });
  }

  /** Whether uploads wait for longer than it takes when all goes well. */
  get crowded(): boolean {
    return this.#line.crowded || this.uploads.waiting > 0;
  }

  /** How much is taken now. */
  get load(): MemoryLoad {
    const stripe = CHUNKS * this.blockSize;
    const used = (this.#most - this.#left - this.#idle.length) * stripe;
    return { used, limit: this.#most * stripe, waiting: this.#line.waiting + this.uploads.waiting };
  }

  /**
   * Takes a stripe; waits in line while all are in use.
   * @throws SixfoldError `resource_exhausted` when that takes too long
   */
  async take(signal: AbortSignal): Promise<Stripe> {
    signal.throwIfAborted();
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#left > 0) {
      this.#left--;
      return new Stripe(this.layout, this.blockSize);
    }
    return await this.#line.wait(1, signal, true, () => {});
  }

  /** Gives a stripe back: to the first in line, so that nobody who comes later overtakes. */
  give(stripe: Stripe): void {
    const { first } = this.#line;
    if (first === undefined) this.#idle.push(stripe);
    else first.give(stripe);
  }
}

function busy(): SixfoldError {
  return new SixfoldError("resource_exhausted", "too many uploads at once; try again");
}
