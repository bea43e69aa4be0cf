/** Bodies that follow from a number: any range of them can be made again, and so every byte that comes back can be checked. */
import { createHash } from "node:crypto";

const PIECE = 64 * 1024;

/** Pseudo-random bytes, twice, so that a piece may begin anywhere in the first copy. */
const noise = new Uint8Array(2 * PIECE);
for (let i = 0, x = 0x9e3779b9; i < PIECE; i++) {
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  noise[i] = noise[i + PIECE] = x & 0xff;
}

/** One body of a length. Two contents of different seeds differ in every piece. */
export class Content {
  constructor(readonly seed: number, readonly size: number) {}

  /** The bytes of a range. */
  slice(from: number, to: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(to - from);
    for (let at = from; at < to;) {
      const number = Math.floor(at / PIECE);
      const end = Math.min(to, (number + 1) * PIECE);
      bytes.set(this.#piece(number).subarray(at - number * PIECE, end - number * PIECE), at - from);
      at = end;
    }
    return bytes;
  }

  /** The whole as a stream. @param onBytes hears how many bytes were taken before the next ones are made; it may wait */
  stream(onBytes: (sent: number) => void | Promise<void> = () => {}): ReadableStream<Uint8Array<ArrayBuffer>> {
    let sent = 0;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        await onBytes(sent);
        if (sent >= this.size) return controller.close();
        const piece = this.slice(sent, Math.min(sent + 4 * PIECE, this.size));
        sent += piece.length;
        controller.enqueue(piece);
      },
    }, { highWaterMark: 0 });
  }

  /** Hex. */
  sha256(): string {
    const hash = createHash("sha256");
    for (let at = 0; at < this.size; at += PIECE) hash.update(this.slice(at, Math.min(at + PIECE, this.size)));
    return hash.digest("hex");
  }

  #piece(number: number): Uint8Array {
    const turn = (this.seed * 7919 + number * 104_729) % PIECE;
    const piece = noise.slice(turn, turn + PIECE);
    const view = new DataView(piece.buffer);
    view.setUint32(0, this.seed);
    view.setUint32(4, number);
    return piece;
  }
}
