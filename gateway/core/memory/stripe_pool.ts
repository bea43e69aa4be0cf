/** The memory that all uploads share, and how many of them go on at once. */
import type { Stripe } from "../../../shared/erasure.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import type { Layout } from "../../../shared/layout.ts";
import { Turnstile } from "../../../shared/turnstile.ts";
import type { MemoryLoad } from "./memory_line.ts";
import type { StripeShare } from "./stripe_memory.ts";

/** Uploads for each stripe there is: while one waits for its client or for the disks, others use its stripes. */
const UPLOADS = 4;
const WAIT_MS = 2000;

/** Stripes of one layout and block size. */
export class StripePool {
  /** Uploads that share the stripes: more of them at once would all be slow. */
  readonly uploads: Turnstile;
  readonly layout: Layout;
  readonly blockSize: number;
  readonly #share: StripeShare;

  constructor(share: StripeShare) {
    this.#share = share;
    this.layout = share.memory.layout;
    this.blockSize = share.memory.blockSize;
    const most = UPLOADS * share.most;
    this.uploads = new Turnstile({ most, line: most, waitMs: WAIT_MS, busy });
  }

  /** Whether uploads wait for longer than it takes when all goes well. */
  get crowded(): boolean {
    return this.#share.crowded || this.uploads.waiting > 0;
  }

  /** How much is taken now. */
  get load(): MemoryLoad {
    const { load } = this.#share;
    return { ...load, waiting: load.waiting + this.uploads.waiting };
  }

  /**
   * Takes a stripe; waits in line while all are in use.
   * @throws SixfoldError `resource_exhausted` when that takes too long
   */
  async take(signal: AbortSignal): Promise<Stripe> {
    const [stripe] = await this.#share.take(1, signal, true);
    if (stripe === undefined) throw new Error("one stripe was taken");
    return stripe;
  }

  /** Gives a stripe back: to the first in line, so that nobody who comes later overtakes. */
  give(stripe: Stripe): void {
    this.#share.give([stripe]);
  }
}

function busy(): SixfoldError {
  return new SixfoldError("resource_exhausted", "too many uploads at once; try again");
}
