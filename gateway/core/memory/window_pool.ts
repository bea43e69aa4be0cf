/** The memory that all downloads share, and what a slow reader may hold of it. */
import type { Stripe } from "../../../shared/erasure.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { CHUNKS } from "../../../shared/layout.ts";
import { Turnstile } from "../../../shared/turnstile.ts";
import { roomBytes } from "../hop/window_frames.ts";
import type { MemoryLoad } from "./memory_line.ts";
import type { StripeShare } from "./stripe_memory.ts";

/** Downloads that may be on the way to their first byte, and as many more that may wait for that. */
const STARTING = 64;
const START_WAIT_MS = 2000;
/** Bytes of all copies that readers may hold together, more or less. */
const COPIES = 16 * 1024 * 1024;
/** The largest and the smallest copy, in bytes. */
const [LARGEST, SMALLEST] = [128 * 1024, 8 * 1024];

/** Room for one stripe that is read. Its contents are the next taker's once it was given back. */
export interface StripeRoom {
  /** For each chunk, `roomBytes` of its block. */
  readonly rooms: readonly Uint8Array[];
  /** What it costs. */
  readonly stripes: readonly Stripe[];
}

/** Rooms for stripes of any block size. */
export class WindowPool {
  /**
   * Downloads from their beginning, before the first query, to their first byte: who must come back later should cost
   * next to nothing.
   */
  readonly starting = new Turnstile({ most: STARTING, line: STARTING, waitMs: START_WAIT_MS, busy });
  /** Downloads that go on now. */
  readers = 0;
  readonly #taken = new Set<StripeRoom>();
  readonly #share: StripeShare;
  #pinned = 0;

  constructor(share: StripeShare) {
    this.#share = share;
  }

  /** How much is taken now. */
  get load(): MemoryLoad {
    return this.#share.load;
  }

  /** The bytes of a stripe that is full, of six chunks; larger ones cost several. */
  get blockSize(): number {
    return this.#share.memory.blockSize;
  }

  /**
   * Takes room for one stripe; waits in line while there is none.
   * @param begun whether the download has had room before
   * @throws SixfoldError `resource_exhausted` when that takes too long
   */
  async take(blockSize: number, signal: AbortSignal, begun = false): Promise<StripeRoom> {
    return this.#room(blockSize, await this.#share.take(this.#price(blockSize), signal, begun));
  }

  /** Takes room for one stripe if there is some now and nobody waits. */
  tryTake(blockSize: number): StripeRoom | undefined {
    const stripes = this.#share.tryTake(this.#price(blockSize));
    return stripes && this.#room(blockSize, stripes);
  }

  /** Gives room back. Whoever has failed between giving and taking may do it again: memory must not be given to two. */
  give(room: StripeRoom): void {
    if (this.#taken.delete(room)) this.#share.give(room.stripes);
  }

  /** As `Lendings.lend`. */
  lend(atOnce: boolean, giveBack: () => void): () => void {
    return this.#share.memory.lendings.lend(atOnce, giveBack);
  }

  /**
   * Whether a reader may send from the stripe itself, which cannot be had back meanwhile. Half of the stripes may be held
   * like that; whoever comes then sends copies. A reader that may calls `unpin` afterwards.
   */
  pin(): boolean {
    if (2 * (this.#pinned + 1) > this.#share.most) return false;
    this.#pinned++;
    return true;
  }

  unpin(): void {
    this.#pinned--;
  }

  /** Bytes of one copy. */
  get copyBytes(): number {
    return Math.max(SMALLEST, Math.min(LARGEST, Math.floor(COPIES / Math.max(1, this.readers))));
  }

  #price(blockSize: number): number {
    return Math.min(this.#share.most, Math.ceil(blockSize / this.blockSize));
  }

  /** Blocks that are larger than those of now, from before the setting was changed, lie in memory of their own. */
  #room(blockSize: number, stripes: readonly Stripe[]): StripeRoom {
    const own = blockSize <= this.blockSize ? stripes[0]?.rooms : undefined;
    const rooms = own ?? Array.from({ length: CHUNKS }, () => new Uint8Array(roomBytes(blockSize)));
    const room = { rooms, stripes };
    this.#taken.add(room);
    return room;
  }
}

function busy(): SixfoldError {
  return new SixfoldError("resource_exhausted", "too many downloads at once; try again");
}
