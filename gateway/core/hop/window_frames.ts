/** What an answer of GetChunk holds: frames that lie where they came, one to a room, and how the stream ended. */
import { blockSeed, xxh64 } from "../../../shared/checksum.ts";
import { framePrefixLength } from "../../../shared/chunk_format.ts";
import { parseChunkId, uuidToBytes } from "../../../shared/chunk_id.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { decodeBlock, FrameDecoder } from "../../../shared/frame_codec.ts";
import { errorOfTrailers, parseTrailers } from "../../../shared/grpc_web.ts";
import { MAX_MESSAGE } from "../../../shared/rpc.ts";
import type { BlockRange, ReadBlocks } from "./chunk_client.ts";

/** Room for the end of a stream behind the blocks of a window. */
const END_ROOM = 4096;

/** Bytes of memory that a block takes as it comes over the hop. */
export function roomBytes(blockSize: number): number {
  return frameBytes(blockSize) + END_ROOM;
}

/** Bytes of a full block as it comes over the hop. */
export function frameBytes(blockSize: number): number {
  return framePrefixLength(blockSize) + blockSize;
}

/**
 * Where a body of so many bytes comes to lie: each full frame in a room of its own, and behind the last one what follows.
 * Undefined where it does not fit, or where its length is not known.
 */
export function scatter(into: readonly Uint8Array[], length: number, frame: number): Uint8Array[] | undefined {
  let left = length;
  const pieces = into.map((room, i) => {
    const piece = room.subarray(0, i === into.length - 1 ? left : Math.min(left, frame));
    left -= piece.length;
    return piece;
  });
  return left === 0 ? pieces : undefined;
}

/** Rooms that a body of unknown length fills as it comes, as `scatter` says. */
export class Rooms {
  readonly #into: readonly Uint8Array[];
  readonly #frame: number;
  #length = 0;

  constructor(into: readonly Uint8Array[], frame: number) {
    this.#into = into;
    this.#frame = frame;
  }

  /** Bytes that have come. */
  get length(): number {
    return this.#length;
  }

  /** Takes the next bytes. @throws SixfoldError `unavailable` when there is no room for them */
  take(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const room = Math.min(Math.floor(this.#length / this.#frame), this.#into.length - 1);
      const at = this.#length - room * this.#frame;
      const end = room === this.#into.length - 1 ? this.#into[room]?.length ?? 0 : this.#frame;
      const part = bytes.subarray(from, from + end - at);
      if (part.length === 0) throw new SixfoldError("unavailable", "a storage server sent too much; try again");
      this.#into[room]?.set(part, at);
      this.#length += part.length;
      from += part.length;
    }
  }

  /** What has come, room by room. */
  filled(): readonly Uint8Array[] {
    return scatter(this.#into, this.#length, this.#frame) ?? [];
  }
}

/** What an answer holds: the block of each place, and the error by which the stream ended, if any. */
export interface WindowAnswer {
  readonly messages: readonly (Uint8Array | undefined)[];
  readonly said: SixfoldError | undefined;
}

/** The frames of a body in one piece. */
export function framesOf(body: Uint8Array): WindowAnswer {
  const frames = new FrameDecoder(MAX_MESSAGE).push(body);
  const messages = frames.filter(({ trailers }) => !trailers).map(({ data }) => data);
  const end = frames.find(({ trailers }) => trailers)?.data;
  return { messages, said: end && errorOfTrailers(parseTrailers(end)) };
}

/** The frames of a body that was scattered. A damaged envelope costs its own block, too. */
export function inPlace(pieces: readonly Uint8Array[]): WindowAnswer {
  const parsed = pieces.map((piece): WindowAnswer => {
    try {
      return framesOf(piece);
    } catch {
      return { messages: [], said: undefined };
    }
  });
  return {
    messages: parsed.map(({ messages }) => messages[0]),
    said: parsed.find(({ said }) => said !== undefined)?.said,
  };
}

/** Takes the blocks of a window that are good; a bad one costs itself alone. */
export function collect(
  { messages, said }: WindowAnswer,
  { chunkId, uploadId, first, count }: Pick<BlockRange, "chunkId" | "uploadId" | "first" | "count">,
): ReadBlocks {
  const { segment, index } = parseChunkId(chunkId);
  const upload = uuidToBytes(uploadId);
  const blocks = new Array<Uint8Array | undefined>(count).fill(undefined);
  let good = 0;
  for (const [i, message] of messages.entries()) {
    if (message === undefined || i >= count) continue;
    const { xxh64: sum, data } = decodeBlock(message);
    if (sum !== xxh64(data, blockSeed(upload, segment, index, first + i))) continue;
    blocks[i] = data;
    good++;
  }
  if (good === count) return { blocks };
  return { blocks, fault: said ?? new SixfoldError("data_loss", "a block of a chunk is bad or missing") };
}
