/** One of the six streams of a segment: takes stripes, hands their blocks to the hop, and lets go of each in turn. */
import type { Stripe } from "../../shared/erasure.ts";

/** A full stripe that several streams read from. It goes back to its pool when the last one has let go. */
export class SharedStripe {
  #readers: number;
  constructor(
    readonly stripe: Stripe,
    /** Bytes of each block. */
    readonly length: number,
    readers: number,
    readonly done: () => void,
  ) {
    this.#readers = readers;
  }

  release(): void {
    if (--this.#readers === 0) this.done();
  }
}

/** The blocks of one chunk on their way. Bounded by the stripes that the pool gives. */
export class ChunkStream {
  readonly #queue: SharedStripe[] = [];
  #wake: () => void = () => {};
  #state: "open" | "ended" | "dropped" = "open";
  #reader = 0;
  #whole = true;

  constructor(readonly index: number) {}

  /** Whether it still takes stripes. */
  get alive(): boolean {
    return this.#state !== "dropped";
  }

  /** Whether no block has been let go yet, so that another server can still get all of them. */
  get whole(): boolean {
    return this.alive && this.#whole;
  }

  push(shared: SharedStripe): void {
    this.#queue.push(shared);
    this.#wake();
  }

  /** No more stripes follow. */
  end(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#wake();
  }

  /** Gives up: whatever it holds is let go. */
  drop(): void {
    this.#state = "dropped";
    for (const shared of this.#queue.splice(0)) shared.release();
    this.#wake();
  }

  /**
   * The blocks in order. A block's bytes may change once the next one is asked for. To ask again ends the reader before,
   * whose call has failed.
   */
  async *blocks(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const reader = ++this.#reader;
    while (this.alive && reader === this.#reader) {
      const [shared] = this.#queue;
      if (shared !== undefined) {
        const block = shared.stripe.blocks[this.index]?.subarray(0, shared.length);
        if (block !== undefined) yield block as Uint8Array<ArrayBuffer>;
        if (!this.alive || reader !== this.#reader) return;
        this.#whole = false;
        this.#queue.shift()?.release();
      } else if (this.#state === "ended") return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
