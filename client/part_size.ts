/** How large the next part is: what takes some seconds, so that a cut costs little and a request is worth its while. */

const MIB = 1024 * 1024;
const LEAST = MIB;
/** Also the most that a client holds of a part. */
export const LARGEST_PART = 8 * MIB;
/** The size of the first part. */
const FIRST = 4 * MIB;
/** The most on a line that has been cut: what was on its way is sent again. */
const AFTER_CUT = 3 * MIB;
/** A gateway takes 10,000 parts of a file; some are left for those that a file was begun with. */
const PARTS = 8000;
const AIM_MS = 3000;
/** A part that takes so many times as long as the one before would have taken is on a line that is gone. */
const TIMES = 20;
const SHORTEST_MS = 30_000;
/** At the pace of a slow line, 8 MiB take this long. */
const LONGEST_MS = 300_000;

/** Grows and shrinks by what parts took. */
export class PartSize {
  #now: number;
  #most = LARGEST_PART;
  /** Of the last part, in bytes per ms. */
  #rate = 0;
  readonly #least: number;

  /** @param fixed takes this size always, in bytes @param total bytes of the file, where that is known */
  constructor(readonly fixed?: number, total = 0) {
    this.#least = Math.min(LARGEST_PART, Math.max(LEAST, Math.ceil(total / PARTS / MIB) * MIB));
    this.#now = fixed ?? Math.max(FIRST, this.#least);
  }

  /** In bytes, whole MiB. */
  get now(): number {
    return this.#now;
  }

  /** How long a part of so many bytes may take, in ms: a request that waits for a network that was away waits for ever. */
  patience(bytes: number): number {
    return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (bytes / this.#rate) * TIMES));
  }

  /** A part took so long. At most it doubles. */
  took(bytes: number, ms: number): void {
    this.#rate = bytes / Math.max(ms, 1);
    const wanted = Math.min(this.#rate * AIM_MS, this.#now * 2);
    this.#set(wanted);
  }

  /** A part was cut. */
  failed(): void {
    this.#most = AFTER_CUT;
    this.#set(this.#now / 2);
  }

  #set(bytes: number): void {
    if (this.fixed !== undefined) return;
    this.#now = Math.max(this.#least, Math.min(this.#most, Math.floor(bytes / MIB) * MIB));
  }
}
