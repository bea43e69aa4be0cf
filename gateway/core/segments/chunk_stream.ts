/** One chunk of a segment on its way: takes stripes, hands their blocks to the hop, and lets go of each in turn. */
import type { Stripe } from "../../../shared/erasure.ts";
import { SixfoldError } from "../../../shared/errors.ts";

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

/** The blocks of one chunk in line. Whoever pushes looks at `depth` first: that is what bounds it. */
export class ChunkStream {
  readonly #queue: SharedStripe[] = [];
  readonly #dropping = new AbortController();
  #wake: () => void = () => {};
  #state: "open" | "ended" | "dropped" = "open";
  #reader = 0;
  #whole = true;

  /** @param moved hears whenever the line became shorter */
  constructor(readonly index: number, readonly moved: () => void) {}

  /** Aborts when the stream is dropped: a call that still sends it must not end as if the chunk were whole. */
  get dropped(): AbortSignal {
    return this.#dropping.signal;
  }

  /** Whether it still takes stripes. */
  get alive(): boolean {
    return this.#state !== "dropped";
  }

  /** Whether no block has been let go yet, so that another server can still get all of them. */
  get whole(): boolean {
    return this.alive && this.#whole;
  }

  /** Stripes in line, the one that is being sent among them. */
  get depth(): number {
    return this.#queue.length;
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

  /** Gives up: whatever it holds is let go. @param reason for the call that still sends it */
  drop(reason = gone()): void {
    if (this.#state === "dropped") return;
    this.#state = "dropped";
    this.#dropping.abort(reason);
    for (const shared of this.#queue.splice(0)) shared.release();
    this.#wake();
    this.moved();
  }

  /**
   * The blocks in order. A block's bytes may change once the next one is asked for. To ask again ends the reader before,
   * whose call has failed.
   * @throws SixfoldError `canceled` when the stream is dropped before its end
   */
  async *blocks(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const reader = ++this.#reader;
    for (;;) {
      if (!this.alive || reader !== this.#reader) throw gone();
      const [shared] = this.#queue;
      if (shared !== undefined) {
        const block = shared.stripe.blocks[this.index]?.subarray(0, shared.length);
        if (block !== undefined) yield block as Uint8Array<ArrayBuffer>;
        if (!this.alive || reader !== this.#reader) throw gone();
        this.#whole = false;
        this.#queue.shift()?.release();
        this.moved();
      } else if (this.#state === "ended") return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

function gone(): SixfoldError {
  return new SixfoldError("canceled", "the chunk is not sent any more");
}
