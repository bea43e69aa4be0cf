/** The memory of parts on their way, used again and again: the runtime would free what is left lying only later. */
export class PartMemory {
  readonly #spare: ArrayBuffer[] = [];

  /** Room for so many bytes, with whatever was there before. */
  take(length: number): Uint8Array<ArrayBuffer> {
    // Parts grow and shrink: what is too small now has had its time.
    const memory = this.#spare.pop();
    return new Uint8Array(
      memory !== undefined && memory.byteLength >= length ? memory : new ArrayBuffer(length),
      0,
      length,
    );
  }

  /** Takes memory back that nobody reads any more. */
  give({ buffer }: Uint8Array<ArrayBuffer>): void {
    this.#spare.push(buffer);
  }
}
