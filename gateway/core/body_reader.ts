/** A body as a source that fills buffers of the reader's size, whatever the size of the pieces that arrive. */

import { SixfoldError } from "../../shared/errors.ts";

/** Reads a stream of bytes; pulls only what is asked for. */
export class BodyReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece = new Uint8Array(0).subarray(0);

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#pieces = body[Symbol.asyncIterator]();
  }

  /** Fills `target` from its start; fewer bytes than asked for mean that the body has ended. */
  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      if (this.#piece.length === 0) {
        const step = await this.#next();
        if (step.done) break;
        this.#piece = step.value as Uint8Array<ArrayBuffer>;
      }
      const taken = this.#piece.subarray(0, target.length - filled);
      target.set(taken, filled);
      filled += taken.length;
      this.#piece = this.#piece.subarray(taken.length);
    }
    return filled;
  }

  /** Whether no byte is left; waits for the next one. */
  async atEnd(): Promise<boolean> {
    while (this.#piece.length === 0) {
      const step = await this.#next();
      if (step.done) return true;
      this.#piece = step.value as Uint8Array<ArrayBuffer>;
    }
    return false;
  }

  /** Puts bytes back in front. Only right after they were read. */
  unread(bytes: Uint8Array<ArrayBuffer>): void {
    const joined = new Uint8Array(bytes.length + this.#piece.length);
    joined.set(bytes);
    joined.set(this.#piece, bytes.length);
    this.#piece = joined;
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#pieces.next();
    } catch (cause) {
      const error = SixfoldError.from(cause);
      // Whatever else breaks a body off, it is not an error of this side.
      throw error.code === "internal" ? new SixfoldError("canceled", "the body broke off", { cause }) : error;
    }
  }

  /** Lets go of the source. */
  async cancel(): Promise<void> {
    await this.#pieces.return?.();
  }
}
