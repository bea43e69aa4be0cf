/** The lane over native gRPC and HTTP/2. */
import { SixfoldError } from "../../../shared/errors.ts";
import { FrameDecoder } from "../../../shared/frame_codec.ts";
import type { PutChunkResponse } from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import { errorOfTrailers } from "../../../shared/grpc_web.ts";
import { MAX_MESSAGE } from "../../../shared/rpc.ts";
import type { BlockRange, ChunkToPut, ReadBlocks } from "./chunk_client.ts";
import { type ChunkLane, noteDiskTime, sendChunk, SERVICE, underClock, windowRequest } from "./chunk_lane.ts";
import { type GrpcAnswer, GrpcCall } from "./grpc_call.ts";
import { GrpcSessions } from "./grpc_sessions.ts";
import type { Endpoint } from "./endpoints.ts";
import type { HopTrust } from "./hop_trust.ts";
import type { ProgressClock } from "./progress_clock.ts";
import { collect, frameBytes, inPlace, Rooms } from "./window_frames.ts";

/** Many calls at a time on a few sessions. */
export class GrpcLane implements ChunkLane {
  readonly #sessions: GrpcSessions;

  constructor(trust: HopTrust) {
    this.#sessions = new GrpcSessions(trust);
  }

  async put(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
    chunk: ChunkToPut,
    blocks: AsyncIterable<Uint8Array>,
    clock: ProgressClock,
  ): Promise<PutChunkResponse> {
    const decoder = new FrameDecoder(MAX_MESSAGE);
    let message: Uint8Array | undefined;
    const take = (piece: Uint8Array) => {
      for (const { data } of decoder.frames(piece)) message ??= data.slice();
    };
    return await this.#call(`${SERVICE}PutChunk`, endpoint, headers, take, clock, async (call) => {
      const read = ({ trailers }: GrpcAnswer) => {
        const error = errorOfTrailers(trailers);
        if (error !== undefined) throw error;
        if (message === undefined) {
          throw new SixfoldError("unavailable", "a storage server sent an empty answer; try again");
        }
        return Promise.resolve(message);
      };
      return await sendChunk(call, call.answer, read, chunk, blocks, clock);
    });
  }

  async get(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
    range: BlockRange,
    into: readonly Uint8Array[],
    clock: ProgressClock,
  ): Promise<ReadBlocks> {
    const rooms = new Rooms(into, frameBytes(range.blockSize));
    const take = (piece: Uint8Array) => {
      clock.start();
      rooms.take(piece);
    };
    clock.start();
    return await this.#call(`${SERVICE}GetChunk`, endpoint, headers, take, clock, async (call) => {
      await call.writeLastChunk(windowRequest(range));
      const { head, trailers } = await call.answer;
      noteDiskTime(head.get("server-timing"), rooms.length);
      const { messages } = inPlace(rooms.filled());
      return collect({ messages, said: errorOfTrailers(trailers) }, range);
    });
  }

  async #call<T>(
    path: string,
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
    take: (piece: Uint8Array) => void,
    clock: ProgressClock,
    talk: (call: GrpcCall) => Promise<T>,
  ): Promise<T> {
    clock.signal.throwIfAborted();
    const session = await this.#sessions.take(endpoint, clock.signal);
    let call: GrpcCall | undefined;
    let inOrder = false;
    try {
      return await underClock(clock, () => call?.cut(), async () => {
        call = new GrpcCall(session.http2, path, headers, take);
        call.answer.then(() => inOrder = true, () => {});
        return await talk(call);
      });
    } finally {
      this.#sessions.give(session, inOrder);
    }
  }
}
