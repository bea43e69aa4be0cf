/** A body as a source that fills buffers of the reader's size, whatever the size of the pieces that arrive. */

import { SixfoldError } from "../../../shared/errors.ts";
import { pulse } from "../telemetry/pulse.ts";

/** Reads a stream of bytes; pulls only what is asked for. */
export class BodyReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #keepsCut: boolean;
  #piece = new Uint8Array(0).subarray(0);
  #left = Infinity;
  #cut: SixfoldError | undefined;

  /** @param keepsCut whether a body that breaks off just ends there; `cut` then says why */
  constructor(body: AsyncIterable<Uint8Array>, keepsCut = false) {
    this.#pieces = body[Symbol.asyncIterator]();
    this.#keepsCut = keepsCut;
  }

  /** Why the body broke off. */
  get cut(): SixfoldError | undefined {
    return this.#cut;
  }

  /** From here on the body seems to end after so many bytes. */
  endAfter(bytes: number): void {
    this.#left = bytes;
  }

  /** Fills `target` from its start; fewer bytes than asked for mean that the body has ended. */
  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length && this.#left > 0) {
      if (this.#piece.length === 0) {
        const step = await this.#next();
        if (step.done) break;
        this.#piece = step.value as Uint8Array<ArrayBuffer>;
      }
      const taken = this.#piece.subarray(0, Math.min(target.length - filled, this.#left));
      target.set(taken, filled);
      filled += taken.length;
      this.#left -= taken.length;
      this.#piece = this.#piece.subarray(taken.length);
    }
    return filled;
  }

  /** Whether no byte is left; waits for the next one. */
  async atEnd(): Promise<boolean> {
    if (this.#left === 0) return true;
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
    this.#left += bytes.length;
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#cut !== undefined) return { done: true, value: undefined };
    try {
      const step = await this.#pieces.next();
      if (!step.done) pulse.came(step.value.length);
      return step;
    } catch (cause) {
      const error = SixfoldError.from(cause);
      // Whatever else breaks a body off, it is not an error of this side.
      const cut = error.code === "internal" ? new SixfoldError("canceled", "the body broke off", { cause }) : error;
      if (!this.#keepsCut) throw cut;
      this.#cut = cut;
      return { done: true, value: undefined };
    }
  }

  /** Lets go of the source. */
  async cancel(): Promise<void> {
    await this.#pieces.return?.();
  }
}
