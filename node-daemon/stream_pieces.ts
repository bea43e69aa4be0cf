/** The bytes of a stream as they come, each piece in the memory it came in. */
import type { Readable } from "node:stream";
import { SixfoldError } from "../shared/errors.ts";

/** What may wait for the reader, in bytes, before the stream is paused. */
const HELD = 256 * 1024;

/**
 * Reads a stream piece by piece. The stream's own iterator joins what has come meanwhile, which copies every byte once
 * more.
 */
export class StreamPieces implements AsyncIterable<Uint8Array> {
  readonly #stream: Readable;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #state: "open" | "ended" | "cut" | "stopped" = "open";
  #wake = () => {};

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("data", (piece: Uint8Array) => {
      if (this.#state === "stopped") return;
      this.#held.push(piece);
      this.#heldBytes += piece.length;
      if (this.#heldBytes >= HELD) stream.pause();
      this.#wake();
    });
    stream.on("end", () => this.#become("ended"));
    stream.on("close", () => this.#become("cut"));
    stream.on("error", () => this.#become("cut"));
  }

  /** @throws SixfoldError `canceled` when the stream is cut */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const held = this.#held;
      this.#held = [];
      this.#heldBytes = 0;
      yield* held;
      if (this.#held.length > 0) continue;
      if (this.#state === "ended" || this.#state === "stopped") return;
      if (this.#state === "cut") throw new SixfoldError("canceled", "the caller went away");
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      this.#stream.resume();
      await woken;
    }
  }

  /** Nothing is read any more: what still comes is thrown away, so that it holds up no other stream. */
  stop(): void {
    this.#held = [];
    this.#become("stopped");
    this.#stream.resume();
  }

  #become(state: "ended" | "cut" | "stopped"): void {
    if (this.#state === "open") this.#state = state;
    this.#wake();
  }
}
