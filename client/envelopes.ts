/** Messages of a stream of Connect: a byte of flags and four of length, and then so many bytes. */
import { SixfoldError } from "../shared/errors.ts";

/** A message, or what ends a stream. */
export interface Envelope {
  readonly isEnd: boolean;
  readonly value: Readonly<Record<string, unknown>>;
}

const PREFIX = 5;
const END = 2;
/** Far more than any message is that a client asks for. */
const LONGEST = 16 * 1024 * 1024;

/** A message as it is sent. */
export function wrap(value: unknown): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(value));
  const bytes = new Uint8Array(PREFIX + text.length);
  new DataView(bytes.buffer).setUint32(1, text.length);
  bytes.set(text, PREFIX);
  return bytes;
}

/** The messages in bytes that come cut anywhere. @throws SixfoldError `unavailable` where the last one is not whole */
export async function* unwrap(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Envelope> {
  let rest = new Uint8Array(0);
  for await (const piece of pieces) {
    const bytes = new Uint8Array(rest.length + piece.length);
    bytes.set(rest);
    bytes.set(piece, rest.length);
    rest = bytes;
    for (let length = lengthOf(rest); length !== undefined && rest.length >= length; length = lengthOf(rest)) {
      const value: unknown = JSON.parse(new TextDecoder().decode(rest.subarray(PREFIX, length)));
      const isEnd = (rest[0] ?? 0) === END;
      rest = rest.subarray(length);
      yield { isEnd, value: { ...Object(value) } };
    }
  }
  if (rest.length > 0) throw new SixfoldError("unavailable", "the connection ended in the middle of a message");
}

/** Of the first message with its prefix; undefined where that has not come yet. */
function lengthOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < PREFIX) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  if (length > LONGEST) throw new SixfoldError("internal", "this is no stream of a gateway; look at the address");
  return PREFIX + length;
}
