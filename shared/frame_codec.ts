/** What comes in from the hop: gRPC-Web envelopes, cut at any byte, and the `Block` messages within. */
import { SixfoldError } from "./errors.ts";

/** One envelope of a gRPC-Web body. */
export interface Frame {
  /** Whether these are the trailers, which end a stream, and not a message. */
  readonly trailers: boolean;
  /** Its bytes: a view of what was pushed, or of the decoder's own memory. They may change with the next push. */
  readonly data: Uint8Array;
}

/** Bytes before every message: flags and a length. */
export const ENVELOPE = 5;
const MESSAGE_FLAG = 0x00;
/** The flags of the envelope of trailers. */
export const TRAILERS_FLAG = 0x80;
const COMPRESSED_FLAG = 0x01;

/**
 * Takes a gRPC-Web body apart as it arrives. It holds back one message at most, and copies only what was cut, into two
 * buffers in turn: one for the message that a push completes, one for the message that the same push begins.
 */
export class FrameDecoder {
  readonly #maxLength: number;
  readonly #place: (length: number) => Uint8Array | undefined;
  readonly #envelope = new Uint8Array(ENVELOPE);
  readonly #view = new DataView(this.#envelope.buffer);
  #envelopeFilled = 0;
  #body: Uint8Array | undefined;
  #buffers: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  #bodyFilled = 0;
  #state: "open" | "ended" | "failed" = "open";

  /**
   * @param maxLength the most bytes of one message; a longer one is refused by its envelope, before room is made
   * @param place memory of so many bytes in which a message that was cut is to come to lie, where the caller has any
   */
  constructor(maxLength: number, place: (length: number) => Uint8Array | undefined = () => undefined) {
    this.#maxLength = maxLength;
    this.#place = place;
  }

  /** Whether the trailers have arrived. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  /**
   * Takes the next bytes of the body.
   * @returns the frames that these bytes complete, in order
   * @throws SixfoldError `resource_exhausted` with `TOO_LARGE`, `unimplemented` for compression, or `invalid_argument`;
   * the decoder is of no use afterwards
   */
  push(bytes: Uint8Array): Frame[] {
    return [...this.frames(bytes)];
  }

  /** As `push`, one frame at a time: the next message is given room when the caller is done with the frame before. */
  *frames(bytes: Uint8Array): Generator<Frame> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state !== "open") {
        throw new SixfoldError("invalid_argument", "bytes follow after the stream's end or after an error in it");
      }
      if (this.#body === undefined) {
        const taken = Math.min(ENVELOPE - this.#envelopeFilled, bytes.length - at);
        this.#envelope.set(bytes.subarray(at, at + taken), this.#envelopeFilled);
        this.#envelopeFilled += taken;
        at += taken;
        if (this.#envelopeFilled < ENVELOPE) break;
        const length = this.#checkedLength();
        if (bytes.length - at >= length) {
          const frame = this.#finish(bytes.subarray(at, at + length));
          at += length;
          yield frame;
        } else {
          this.#body = this.#room(length);
        }
      } else {
        const taken = Math.min(this.#body.length - this.#bodyFilled, bytes.length - at);
        this.#body.set(bytes.subarray(at, at + taken), this.#bodyFilled);
        this.#bodyFilled += taken;
        at += taken;
        if (this.#bodyFilled === this.#body.length) yield this.#finish(this.#body);
      }
    }
  }

  /**
   * Says that the body is over.
   * @throws SixfoldError `unavailable` when it was cut within a frame
   */
  end(): void {
    if (this.#envelopeFilled > 0) {
      throw new SixfoldError("unavailable", "the connection ended within a message; try again");
    }
  }

  #room(length: number): Uint8Array {
    const placed = this.#place(length);
    if (placed !== undefined) return placed;
    const [next, other] = this.#buffers;
    const buffer = next.length < length ? new Uint8Array(length) : next;
    this.#buffers = [other, buffer];
    return buffer.subarray(0, length);
  }

  #checkedLength(): number {
    const flags = this.#view.getUint8(0);
    const length = this.#view.getUint32(1);
    if (flags !== MESSAGE_FLAG && flags !== TRAILERS_FLAG) {
      this.#state = "failed";
      if ((flags & ~TRAILERS_FLAG) === COMPRESSED_FLAG) {
        throw new SixfoldError("unimplemented", "messages must not be compressed here");
      }
      throw new SixfoldError("invalid_argument", `${flags} are no flags of a gRPC-Web envelope`);
    }
    if (length > this.#maxLength) {
      this.#state = "failed";
      throw new SixfoldError(
        "resource_exhausted",
        `a message of ${length} bytes is over the limit of ${this.#maxLength}; send smaller ones`,
        { detail: "TOO_LARGE" },
      );
    }
    return length;
  }

  #finish(data: Uint8Array): Frame {
    const trailers = this.#view.getUint8(0) === TRAILERS_FLAG;
    if (trailers) this.#state = "ended";
    this.#envelopeFilled = 0;
    this.#body = undefined;
    this.#bodyFilled = 0;
    return { trailers, data };
  }
}

/** A `Block` as it was read. */
export interface DecodedBlock {
  readonly number?: number | undefined;
  readonly xxh64?: bigint | undefined;
  /** A view of the message, not a copy. */
  readonly data: Uint8Array;
}

const NUMBER_TAG = (1 << 3) | 5;
const XXH64_TAG = (2 << 3) | 1;
const DATA_TAG = (3 << 3) | 2;
const MAX_VARINT = 10;
const MAX_DEPTH = 100;

/**
 * Reads a `Block` without a copy of its data. As in any protobuf, fields may stand in any order, the last of a kind
 * counts, and what is not known is skipped.
 * @throws SixfoldError `invalid_argument` when the message is malformed
 */
export function decodeBlock(message: Uint8Array): DecodedBlock {
  const cursor = new Cursor(message);
  let number: number | undefined;
  let xxh64: bigint | undefined;
  let data = message.subarray(0, 0);
  while (!cursor.done) {
    const tag = cursor.tag();
    if (tag === NUMBER_TAG) number = cursor.view.getUint32(cursor.take(4), true);
    else if (tag === XXH64_TAG) xxh64 = cursor.view.getBigUint64(cursor.take(8), true);
    else if (tag === DATA_TAG) {
      const length = cursor.varint();
      const start = cursor.take(length);
      data = message.subarray(start, start + length);
    } else cursor.skip(tag, 0);
  }
  return { number, xxh64, data };
}

/** A place in a protobuf message that never moves past its end. */
class Cursor {
  readonly view: DataView;
  #at = 0;

  constructor(message: Uint8Array) {
    this.view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  }

  get done(): boolean {
    return this.#at === this.view.byteLength;
  }

  /** Moves over `length` bytes and returns where they begin. */
  take(length: number): number {
    const start = this.#at;
    if (length > this.view.byteLength - start) throw malformed();
    this.#at = start + length;
    return start;
  }

  /** A varint. Beyond 2^53 it is not exact, which is of no matter: no length and no tag is so large. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < MAX_VARINT; i++) {
      const byte = this.view.getUint8(this.take(1));
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw malformed();
  }

  tag(): number {
    const tag = this.varint();
    if (tag > 0xffff_ffff || tag < 8) throw malformed();
    return tag;
  }

  skip(tag: number, depth: number): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.take(8);
        return;
      case 2:
        this.take(this.varint());
        return;
      case 3:
        if (depth === MAX_DEPTH) throw malformed();
        for (let inner = this.tag(); inner !== tag + 1; inner = this.tag()) this.skip(inner, depth + 1);
        return;
      case 5:
        this.take(4);
        return;
      default:
        throw malformed();
    }
  }
}

function malformed(): SixfoldError {
  return new SixfoldError("invalid_argument", "this is not a Block message of sixfold.v1");
}
