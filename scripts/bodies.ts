/** Bodies for tests and tools that no buffer has to hold: cheap to make, different at every place, with their SHA-256. */
import { createHash } from "node:crypto";

const PIECE = 256 * 1024;

/** A body that is made while it is sent. */
export interface Body {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The SHA-256 of what was sent so far, in hex. Ask once, at the end. */
  digest(): string;
}

/** @param onBytes hears how many bytes were taken, before the next ones are made; it may wait */
export function makeBody(size: number, onBytes: (sent: number) => void | Promise<void> = () => {}): Body {
  const hash = createHash("sha256");
  const random = crypto.getRandomValues(new Uint8Array(65_536));
  let sent = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      await onBytes(sent);
      if (sent === size) return controller.close();
      const piece = new Uint8Array(Math.min(PIECE, size - sent));
      for (let at = 0; at < piece.length; at += random.length) {
        piece.set(random.subarray(0, Math.min(random.length, piece.length - at)), at);
      }
      if (piece.length >= 8) new DataView(piece.buffer).setFloat64(0, sent);
      hash.update(piece);
      sent += piece.length;
      controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
  return { stream, digest: () => hash.digest("hex") };
}

/** The SHA-256 of a response's body, in hex, and its length. @throws when the transfer breaks */
export async function digestOf(response: Response): Promise<{ readonly sha256: string; readonly length: number }> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const piece of response.body ?? []) {
    hash.update(piece);
    length += piece.length;
  }
  return { sha256: hash.digest("hex"), length };
}
