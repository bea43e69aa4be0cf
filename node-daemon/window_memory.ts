/** Memory for what is read and sent at once, used again: to make and zero it anew costs more than the read itself. */

/** The most windows that are kept while nobody uses them. */
const KEEP = 4;
const MIB = 1024 * 1024;

/** Windows of any size up to some MiB. */
export class WindowMemory {
  readonly #idle: Uint8Array<ArrayBuffer>[] = [];

  /** Memory of so many bytes, which hold anything. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#idle.findIndex(({ buffer }) => buffer.byteLength >= length);
    const [kept] = at < 0 ? [] : this.#idle.splice(at, 1);
    return new Uint8Array(kept?.buffer ?? new ArrayBuffer(Math.ceil(length / MIB) * MIB), 0, length);
  }

  /** Gives memory back that nobody reads or writes any more. */
  give(window: Uint8Array<ArrayBuffer>): void {
    this.#idle.push(window);
    if (this.#idle.length > KEEP) this.#idle.shift();
  }
}
