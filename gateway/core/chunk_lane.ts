/** PutChunk and GetChunk as gRPC-Web frames written and read in place: no copy of a block on this side of the hop. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BlockChecksums, blockSeed, xxh64 } from "../../shared/checksum.ts";
import { framePrefixLength } from "../../shared/chunk_format.ts";
import { parseChunkId, uuidToBytes } from "../../shared/chunk_id.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { decodeBlock, FrameDecoder } from "../../shared/frame_codec.ts";
import {
  type ChunkEnd,
  GetChunkRequestSchema,
  PutChunkRequestSchema,
  type PutChunkResponse,
  PutChunkResponseSchema,
} from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { encodeMessage, errorOfTrailers, GRPC_WEB, parseTrailers, putBlockPrefix } from "../../shared/grpc_web.ts";
import { MAX_MESSAGE } from "../../shared/rpc.ts";
import { annotate } from "../../shared/telemetry.ts";
import type { BlockRange, ChunkToPut, ReadBlocks } from "./chunk_client.ts";
import { type AnswerHead, type HopConnection, HopConnections } from "./hop_connection.ts";
import type { ProgressClock } from "./progress_clock.ts";

const TYPE = { "content-type": GRPC_WEB };
const SERVICE = "/sixfold.v1.StorageService/";
/** What a daemon says of its disk. */
const DISK_TIME = /^disk\.read;dur=([\d.]+)/;
/** Room for the end of a stream behind the blocks of a window. */
const END_ROOM = 4096;

/** Bytes of memory that a block takes as it comes over the hop. */
export function roomBytes(blockSize: number): number {
  return framePrefixLength(blockSize) + blockSize + END_ROOM;
}

/** The two calls that move bytes, to any daemon. */
export class ChunkLane {
  readonly #connections = new HopConnections();

  /** As `ChunkClient.put`. */
  async put(
    address: string,
    headers: Readonly<Record<string, string>>,
    chunk: ChunkToPut,
    blocks: AsyncIterable<Uint8Array>,
    clock: ProgressClock,
  ): Promise<PutChunkResponse> {
    return await this.#exchange(address, clock, async (connection) => {
      await connection.request(`${SERVICE}PutChunk`, { ...headers, ...TYPE }, undefined);
      // The answer is awaited from the start: a daemon that refuses says so before the body has ended.
      let refused = false;
      const answer = connection.readHead();
      answer.then(() => refused = true, () => refused = true);
      let ended = false;
      try {
        await this.#sendBlocks(connection, chunk, blocks, clock, () => refused);
        ended = !refused;
      } catch (error) {
        // A daemon that has answered and closed breaks the body off; what it said matters more.
        await answer.catch(() => {
          throw error;
        });
        ended = false;
      }
      clock.closing();
      const message = await readMessage(connection, await answer, clock);
      if (!ended) throw new SixfoldError("unavailable", "a storage server answered before it had all; try again");
      return fromBinary(PutChunkResponseSchema, message);
    });
  }

  /** As `ChunkClient.get`; the blocks are views of `into`. */
  async get(
    address: string,
    headers: Readonly<Record<string, string>>,
    range: BlockRange,
    into: readonly Uint8Array[],
    clock: ProgressClock,
  ): Promise<ReadBlocks> {
    const { chunkId, first, count } = range;
    const request = create(GetChunkRequestSchema, { chunkId, firstBlock: first, blockCount: count });
    const message = encodeMessage(toBinary(GetChunkRequestSchema, request));
    return await this.#exchange(address, clock, async (connection) => {
      clock.start();
      await connection.request(`${SERVICE}GetChunk`, { ...headers, ...TYPE }, message.length);
      await connection.write(message);
      const head = await connection.readHead();
      const length = Number(head.headers.get("content-length") ?? NaN);
      const read = DISK_TIME.exec(head.headers.get("server-timing") ?? "");
      if (read !== null) annotate({ "sixfold.bytes": length, "sixfold.daemon.read_ms": Number(read[1]) });
      const arrived = () => clock.start();
      const pieces = scatter(into, length, framePrefixLength(range.blockSize) + range.blockSize);
      if (pieces === undefined) return collect(framesOf(await connection.readAll(head, arrived)), range);
      for (const piece of pieces) await connection.readInto(piece, piece.length, arrived);
      return collect(inPlace(pieces), range);
    });
  }

  async #sendBlocks(
    connection: HopConnection,
    chunk: ChunkToPut,
    blocks: AsyncIterable<Uint8Array>,
    clock: ProgressClock,
    refused: () => boolean,
  ): Promise<void> {
    const { segment, index } = parseChunkId(chunk.chunkId);
    const uploadId = Uint8Array.from(uuidToBytes(chunk.uploadId));
    const sums = new BlockChecksums();
    let number = 0;
    let length = 0;
    clock.start();
    await connection.writeSmallChunk(step({ case: "header", value: { ...chunk, uploadId, segment, index } }));
    clock.pause();
    for await (const data of blocks) {
      if (refused()) return;
      const sum = xxh64(data, blockSeed(uploadId, segment, index, number));
      sums.add(sum);
      clock.start();
      await connection.writeChunk(putBlockPrefix(number++, sum, data.length), data);
      clock.pause();
      length += data.length;
    }
    if (refused()) return;
    clock.start();
    await connection.writeLastChunk(step({ case: "end", value: { length: BigInt(length), xxh64: sums.digest() } }));
  }

  /** Does one exchange; only a connection that is in order afterwards is kept. */
  async #exchange<T>(
    address: string,
    clock: ProgressClock,
    talk: (connection: HopConnection) => Promise<T>,
  ): Promise<T> {
    clock.signal.throwIfAborted();
    const connection = await this.#connections.take(address, clock.signal);
    const cut = () => connection.close();
    clock.signal.addEventListener("abort", cut);
    try {
      clock.signal.throwIfAborted();
      const result = await talk(connection);
      this.#connections.give(connection);
      return result;
    } catch (error) {
      connection.close();
      clock.signal.throwIfAborted();
      throw error instanceof SixfoldError
        ? error
        : new SixfoldError("unavailable", "the connection to a storage server broke; try again", { cause: error });
    } finally {
      clock.signal.removeEventListener("abort", cut);
    }
  }
}

type Step = { readonly case: "header"; readonly value: object } | {
  readonly case: "end";
  readonly value: Pick<ChunkEnd, "length" | "xxh64">;
};

function step(part: Step): Uint8Array<ArrayBuffer> {
  const message = create(PutChunkRequestSchema, { part } as Parameters<typeof create<typeof PutChunkRequestSchema>>[1]);
  return encodeMessage(toBinary(PutChunkRequestSchema, message));
}

/** The one message of a unary answer. @throws SixfoldError as the daemon said */
async function readMessage(connection: HopConnection, head: AnswerHead, clock: ProgressClock): Promise<Uint8Array> {
  const body = await connection.readAll(head, () => clock.closing());
  const frames = new FrameDecoder(MAX_MESSAGE).push(body);
  const end = frames.find(({ trailers }) => trailers);
  const error = errorOfTrailers(end === undefined ? head.headers : parseTrailers(end.data));
  if (error !== undefined) throw error;
  const message = frames.find(({ trailers }) => !trailers);
  if (message === undefined) throw new SixfoldError("unavailable", "a storage server sent an empty answer; try again");
  return message.data;
}

/**
 * Where a body of so many bytes comes to lie: each full frame in a room of its own, and behind the last one what follows.
 * Undefined where it does not fit, or where its length is not known.
 */
function scatter(into: readonly Uint8Array[], length: number, frame: number): Uint8Array[] | undefined {
  let left = length;
  const pieces = into.map((room, i) => {
    const piece = room.subarray(0, i === into.length - 1 ? left : Math.min(left, frame));
    left -= piece.length;
    return piece;
  });
  return left === 0 ? pieces : undefined;
}

/** What an answer holds: the block of each place, and how the stream ended. */
interface Parsed {
  readonly messages: (Uint8Array | undefined)[];
  readonly end: Uint8Array | undefined;
}

function framesOf(body: Uint8Array): Parsed {
  const frames = new FrameDecoder(MAX_MESSAGE).push(body);
  const messages = frames.filter(({ trailers }) => !trailers).map(({ data }) => data);
  return { messages, end: frames.find(({ trailers }) => trailers)?.data };
}

/** A damaged envelope costs its own block, too. */
function inPlace(pieces: readonly Uint8Array[]): Parsed {
  const parsed = pieces.map((piece): Parsed => {
    try {
      return framesOf(piece);
    } catch {
      return { messages: [], end: undefined };
    }
  });
  return { messages: parsed.map(({ messages }) => messages[0]), end: parsed.find(({ end }) => end !== undefined)?.end };
}

/** Takes the blocks of a window that are good; a bad one costs itself alone. */
function collect({ messages, end }: Parsed, { chunkId, uploadId, first, count }: BlockRange): ReadBlocks {
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
  const said = end && errorOfTrailers(parseTrailers(end));
  return { blocks, fault: said ?? new SixfoldError("data_loss", "a block of a chunk is bad or missing") };
}
