/** The fast lane: PutChunk and GetChunk as gRPC-Web frames read and written in place, beside Connect's own handlers. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { END_FRAME, endFrameOffset, frameOffset } from "../shared/chunk_format.ts";
import { SixfoldError } from "../shared/errors.ts";
import { FrameDecoder } from "../shared/frame_codec.ts";
import { GetChunkRequestSchema, PutChunkResponseSchema } from "../shared/gen/sixfold/v1/storage_pb.ts";
import { decodePutStep, encodeMessage, encodeTrailers, GRPC_WEB, type PutStep } from "../shared/grpc_web.ts";
import type { Logger } from "../shared/logger.ts";
import { MAX_MESSAGE } from "../shared/rpc.ts";
import { inSpan } from "../shared/telemetry.ts";
import { Landing } from "./landing.ts";
import { countSent, watchCall } from "./metrics.ts";
import { blockWindow, putChunk, type StorageParts } from "./storage_rpc.ts";
import { WindowMemory } from "./window_memory.ts";

const SERVICE = "/sixfold.v1.StorageService/";
/** The largest request of GetChunk, in bytes. */
const MAX_REQUEST = 16 * 1024;
/** Windows for reads at once: a response copies its bytes when it is made, so a few serve any number of readers. */
const windows = new WindowMemory();

/** Answers a request; undefined where it is not for the lane. */
export type Lane = (request: Request) => Promise<Response> | undefined;

/** @param admit throws for a caller without the cluster's token */
export function createLane(parts: StorageParts, admit: (headers: Headers) => void, log: Logger): Lane {
  const calls = new Map([[`${SERVICE}PutChunk`, put], [`${SERVICE}GetChunk`, get]]);
  return (request) => {
    const call = calls.get(new URL(request.url).pathname);
    if (call === undefined || request.headers.get("content-type") !== GRPC_WEB) return undefined;
    return answer(request, log, () => {
      admit(request.headers);
      return call(parts, request);
    });
  };
}

async function answer(request: Request, log: Logger, call: () => Promise<Response>): Promise<Response> {
  try {
    return await call();
  } catch (thrown) {
    const error = SixfoldError.from(thrown);
    const write = error.code === "internal" ? log.error : log.debug;
    write("call failed", { path: new URL(request.url).pathname, code: error.code, error: thrown });
    return respond(encodeTrailers(error));
  }
}

function respond(body: Uint8Array<ArrayBuffer>, more: Record<string, string> = {}): Response {
  return new Response(body, { headers: { "content-type": GRPC_WEB, ...more } });
}

async function put(parts: StorageParts, request: Request): Promise<Response> {
  const landing = new Landing();
  const receipt = await putChunk(parts, request.headers, steps(request, landing), request.signal, landing);
  const message = toBinary(PutChunkResponseSchema, create(PutChunkResponseSchema, receipt));
  return respond(Uint8Array.of(...encodeMessage(message), ...encodeTrailers()));
}

/** The messages of a body. Each is done with before the next is read: its bytes may lie in memory that is used again. */
async function* steps(request: Request, landing: Landing): AsyncGenerator<PutStep> {
  const decoder = new FrameDecoder(MAX_MESSAGE, (length) => landing.room(length));
  for await (const piece of request.body ?? []) {
    for (const { trailers, data } of decoder.frames(piece)) if (!trailers) yield decodePutStep(data);
  }
  decoder.end();
}

function get(parts: StorageParts, request: Request): Promise<Response> {
  return watchCall("get", request.headers, () => sendWindow(parts, request));
}

/** A window as it lies in the file: the reader verifies every block, and so nothing is checked here. */
async function sendWindow({ store, calls }: StorageParts, request: Request): Promise<Response> {
  const body = new Uint8Array(await request.arrayBuffer());
  if (body.length > MAX_REQUEST) throw new SixfoldError("invalid_argument", "the request is too long");
  const message = new FrameDecoder(MAX_REQUEST).push(body).find(({ trailers }) => !trailers)?.data;
  if (message === undefined) throw new SixfoldError("invalid_argument", "the request has no message");
  const asked = fromBinary(GetChunkRequestSchema, message);
  await calls.get.enter();
  return await store.read(asked.chunkId, async (reader) => {
    const { first, end } = blockWindow(reader, asked);
    const { blockSize } = reader.header;
    const { blocks, length } = reader.footer;
    const from = frameOffset(first, blockSize);
    const to = end === blocks ? endFrameOffset(length, blockSize) : frameOffset(end, blockSize);
    const window = windows.take(to - from + END_FRAME.length);
    try {
      const began = performance.now();
      const bytes = { "sixfold.bytes": to - from };
      await inSpan("disk.read", bytes, () => reader.frames(from, window.subarray(0, to - from)));
      const readMs = performance.now() - began;
      window.set(END_FRAME, to - from);
      countSent(to - from);
      return respond(window, { "server-timing": `disk.read;dur=${readMs.toFixed(3)}` });
    } finally {
      windows.give(window);
    }
  }).finally(() => calls.get.leave());
}
