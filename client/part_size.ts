/** How large the next part is: what takes some seconds, so that a cut costs little and a request is worth its while. */

const MIB = 1024 * 1024;
const LEAST = MIB;
/** Also the most that a client holds of a part. */
export const LARGEST_PART = 8 * MIB;
/** The size of the first part, and the most on a line that has been cut: what was on its way is sent again. */
const FIRST = 4 * MIB;
const AIM_MS = 3000;

/** Grows and shrinks by what parts took. */
export class PartSize {
  #now: number;
  #most = LARGEST_PART;
  /** @param fixed takes this size always, in bytes */
  constructor(readonly fixed?: number) {
    this.#now = fixed ?? FIRST;
  }

  /** In bytes, whole MiB. */
  get now(): number {
    return this.#now;
  }

  /** A part took so long. At most it doubles. */
  took(bytes: number, ms: number): void {
    const wanted = Math.min((bytes / Math.max(ms, 1)) * AIM_MS, this.#now * 2);
    this.#set(wanted);
  }

  /** A part was cut. */
  failed(): void {
    this.#most = FIRST;
    this.#set(this.#now / 2);
  }

  #set(bytes: number): void {
    if (this.fixed !== undefined) return;
    this.#now = Math.min(this.#most, Math.max(LEAST, Math.floor(bytes / MIB) * MIB));
  }
}
