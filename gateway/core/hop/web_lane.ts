/** The lane over gRPC-Web and HTTP/1.1. */
import type { PutChunkResponse } from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { FrameDecoder } from "../../../shared/frame_codec.ts";
import { errorOfTrailers, GRPC_WEB, parseTrailers } from "../../../shared/grpc_web.ts";
import { MAX_MESSAGE } from "../../../shared/rpc.ts";
import type { BlockRange, ChunkToPut, ReadBlocks } from "./chunk_client.ts";
import { type ChunkLane, noteDiskTime, sendChunk, SERVICE, underClock, windowRequest } from "./chunk_lane.ts";
import { type AnswerHead, type HopConnection, HopConnections } from "./hop_connection.ts";
import type { Endpoint } from "./endpoints.ts";
import type { HopTrust } from "./hop_trust.ts";
import type { ProgressClock } from "./progress_clock.ts";
import { collect, frameBytes, framesOf, inPlace, scatter } from "./window_frames.ts";

const TYPE = { "content-type": GRPC_WEB };

/** One exchange at a time on a connection, which is used again afterwards. */
export class WebLane implements ChunkLane {
  readonly #connections: HopConnections;

  constructor(trust: HopTrust) {
    this.#connections = new HopConnections(trust);
  }

  async put(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
    chunk: ChunkToPut,
    blocks: AsyncIterable<Uint8Array>,
    clock: ProgressClock,
  ): Promise<PutChunkResponse> {
    return await this.#exchange(endpoint, clock, async (connection) => {
      await connection.request(`${SERVICE}PutChunk`, { ...headers, ...TYPE }, undefined);
      const read = (head: AnswerHead) => readMessage(connection, head, clock);
      return await sendChunk(connection, readHead(connection), read, chunk, blocks, clock);
    });
  }

  async get(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
    range: BlockRange,
    into: readonly Uint8Array[],
    clock: ProgressClock,
  ): Promise<ReadBlocks> {
    const message = windowRequest(range);
    return await this.#exchange(endpoint, clock, async (connection) => {
      clock.start();
      await connection.request(`${SERVICE}GetChunk`, { ...headers, ...TYPE }, message.length);
      await connection.write(message);
      const head = await readHead(connection);
      const length = Number(head.headers.get("content-length") ?? NaN);
      noteDiskTime(head.headers.get("server-timing"), length);
      const arrived = () => clock.start();
      const pieces = scatter(into, length, frameBytes(range.blockSize));
      if (pieces === undefined) return collect(framesOf(await connection.readAll(head, arrived)), range);
      for (const piece of pieces) await connection.readInto(piece, piece.length, arrived);
      return collect(inPlace(pieces), range);
    });
  }

  /** Does one exchange; only a connection that is in order afterwards is kept. */
  async #exchange<T>(
    endpoint: Endpoint,
    clock: ProgressClock,
    talk: (connection: HopConnection) => Promise<T>,
  ): Promise<T> {
    clock.signal.throwIfAborted();
    const connection = await this.#connections.take(endpoint, clock.signal);
    return await underClock(clock, () => connection.close(), async () => {
      const result = await talk(connection);
      this.#connections.give(connection);
      return result;
    });
  }
}

/** The head of an answer. @throws SixfoldError `unavailable` where it is none of a call, as when a daemon has no file left */
async function readHead(connection: HopConnection): Promise<AnswerHead> {
  const head = await connection.readHead();
  if (head.status === 200) return head;
  throw new SixfoldError("unavailable", `a storage server answered with the status ${head.status}; try again`);
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
