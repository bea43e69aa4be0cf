/** Reads a segment for one client: windows of stripes, one ahead where there is memory for it. */
import type { SegmentRow } from "../../db/files.ts";
import type { SegmentReader } from "./segment_reader.ts";
import type { StripeRoom, WindowPool } from "../memory/window_pool.ts";
import type { Blocks } from "./window_race.ts";

/** Bytes of one chunk that are asked for at once. */
const WINDOW = 2 * 1024 * 1024;

/** A stripe that is here, or on its way: the one at place `at` of a window. */
interface Kept {
  readonly room: StripeRoom;
  readonly at: number;
  blocks: Promise<Blocks>;
}

/** The stripes of a segment that one reader holds. They can be given back at any time, and are read again when needed. */
export class WindowReader {
  readonly #kept = new Map<number, Kept>();
  readonly #pool: WindowPool;
  readonly #reader: Pick<SegmentReader, "window" | "block">;
  readonly #segment: Pick<SegmentRow, "blockSize">;
  readonly #end: number;
  readonly #signal: AbortSignal;
  #begun = false;
  /** Whether stripes were given back early. They are read again block by block: the client takes long for each. */
  #poor = false;

  /** @param end the stripe after the last one that is wanted */
  constructor(
    pool: WindowPool,
    reader: Pick<SegmentReader, "window" | "block">,
    segment: Pick<SegmentRow, "blockSize">,
    end: number,
    signal: AbortSignal,
  ) {
    this.#pool = pool;
    this.#reader = reader;
    this.#segment = segment;
    this.#end = end;
    this.#signal = signal;
  }

  /**
   * A verified data block. It holds until its stripe is given back, at the latest when one behind it is asked for.
   * @throws SixfoldError as `SegmentReader.window`
   */
  async block(number: number, index: number): Promise<Uint8Array> {
    for (const before of [...this.#kept.keys()].filter((other) => other < number)) {
      this.#give(before);
      this.#poor = false;
    }
    const kept = this.#kept.get(number) ?? await this.#fetch(number);
    let block = (await kept.blocks)[index]?.[kept.at];
    block ??= await this.#single(kept, number, index);
    if (block !== undefined && !this.#poor) this.#readAhead();
    if (block !== undefined) return block;
    this.#poor = false;
    kept.blocks = this.#reader.window(number, 1, (chunk) => [kept.room.rooms[chunk] ?? new Uint8Array(0)]);
    return (await kept.blocks)[index]?.[0] ?? new Uint8Array(0);
  }

  /** Gives all stripes back early, or all but one. */
  release(except?: number): void {
    for (const number of [...this.#kept.keys()].filter((other) => other !== except)) this.#give(number);
    this.#poor = except === undefined;
  }

  async #fetch(number: number): Promise<Kept> {
    const room = await this.#pool.take(this.#segment.blockSize, this.#signal, this.#begun);
    this.#begun = true;
    const nothing = () => Promise.resolve<Blocks>([]);
    const kept = this.#poor ? { room, at: 0, blocks: nothing() } : undefined;
    if (kept !== undefined) this.#kept.set(number, kept);
    return kept ?? this.#read(number, room);
  }

  /** Reads a window from a stripe on, as long as there is memory. @param room for its first stripe */
  #read(first: number, room: StripeRoom): Kept {
    const { blockSize } = this.#segment;
    const usual = Math.max(1, Math.floor(WINDOW / Math.max(blockSize, this.#pool.blockSize)));
    // Who holds nothing, and needs no more than two windows, asks each server once: a short window costs as much as a long one.
    const most = this.#kept.size === 0 && this.#end - first <= 2 * usual ? 2 * usual : usual;
    const rooms = [room];
    while (rooms.length < most && first + rooms.length < this.#end && !this.#kept.has(first + rooms.length)) {
      const more = this.#pool.tryTake(blockSize);
      if (more === undefined) break;
      rooms.push(more);
    }
    const into = (chunk: number) => rooms.map((one) => one.rooms[chunk] ?? new Uint8Array(0));
    const blocks = this.#reader.window(first, rooms.length, into);
    blocks.catch(() => {}); // It is awaited later, or never when the reader has left.
    const window = rooms.map((one, at): Kept => ({ room: one, at, blocks }));
    for (const kept of window) this.#kept.set(first + kept.at, kept);
    return window[0] ?? { room, at: 0, blocks };
  }

  /** One window is read ahead where there is memory for it at once; nobody waits with a window in hand. */
  #readAhead(): void {
    const numbers = [...this.#kept.keys()];
    const next = Math.max(...numbers) + 1;
    const windows = new Set([...this.#kept.values()].map(({ blocks }) => blocks));
    const room = next < this.#end && windows.size < 2 ? this.#pool.tryTake(this.#segment.blockSize) : undefined;
    if (room !== undefined) this.#read(next, room);
  }

  async #single(kept: Kept, number: number, index: number): Promise<Uint8Array | undefined> {
    const blocks = await kept.blocks;
    const into = kept.room.rooms[index];
    const block = into && await this.#reader.block(number, index, () => [into]);
    if (block !== undefined) blocks[index] = [block];
    return block;
  }

  /** What is still being read into is given back when that has ended. */
  #give(number: number): void {
    const kept = this.#kept.get(number);
    this.#kept.delete(number);
    if (kept !== undefined) void kept.blocks.then(() => {}, () => {}).then(() => this.#pool.give(kept.room));
  }
}
