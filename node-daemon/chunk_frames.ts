/** PutChunk and GetChunk as frames read and written in place, whichever door they go through. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { END_FRAME, endFrameOffset, frameOffset, PAGE } from "../shared/chunk_format.ts";
import { chunkAttributes } from "../shared/chunk_span.ts";
import { SixfoldError } from "../shared/errors.ts";
import { FrameDecoder } from "../shared/frame_codec.ts";
import {
  type GetChunkRequest,
  GetChunkRequestSchema,
  PutChunkResponseSchema,
} from "../shared/gen/sixfold/v1/storage_pb.ts";
import { decodePutStep, encodeMessage, type PutStep } from "../shared/grpc_web.ts";
import type { Logger } from "../shared/logger.ts";
import { explainFailure, MAX_MESSAGE } from "../shared/rpc.ts";
import { addSpan, annotate, spanTime } from "../shared/telemetry.ts";
import { unreadable } from "../shared/unreadable.ts";
import { Landing } from "./landing.ts";
import { countSent, watchCall } from "./metrics.ts";
import { blockWindow, putChunk, type StorageParts } from "./storage_rpc.ts";
import { WindowMemory } from "./window_memory.ts";

/** The paths of the two calls. */
export const PUT_CHUNK = "/sixfold.v1.StorageService/PutChunk";
export const GET_CHUNK = "/sixfold.v1.StorageService/GetChunk";
/** The largest request of GetChunk, in bytes. */
export const MAX_REQUEST = 16 * 1024;
/** Windows for reads at once: over gRPC-Web a response copies its bytes when it is made, so a few serve any number. */
const windows = new WindowMemory();

type Pieces = AsyncIterable<Uint8Array>;

/** Stores the chunk that a body brings. @returns the receipt, in its envelope */
export async function receiveFrames(
  parts: StorageParts,
  headers: Headers,
  body: Pieces,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const landing = new Landing();
  const receipt = await putChunk(parts, headers, steps(body, landing), signal, landing);
  return encodeMessage(toBinary(PutChunkResponseSchema, create(PutChunkResponseSchema, receipt)));
}

/** The messages of a body. Each is done with before the next is read: its bytes may lie in memory that is used again. */
async function* steps(body: Pieces, landing: Landing): AsyncGenerator<PutStep> {
  const decoder = new FrameDecoder(MAX_MESSAGE, (length) => landing.room(length));
  for await (const piece of body) {
    for (const { trailers, data } of decoder.frames(piece)) if (!trailers) yield decodePutStep(data);
  }
  decoder.end();
}

/** A window of a chunk as it lies in the file. */
export interface FrameWindow {
  /** The frames, and behind them the end frame of gRPC-Web. Their memory is used again. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of the frames alone. */
  readonly length: number;
  /** How long the disk took, as `Server-Timing` says it. */
  readonly timing: string;
}

/** How a door sends a window. */
export interface WindowSender<T> {
  /** Returns when it has no more use for the window's memory. */
  fromMemory(window: FrameWindow): Promise<T>;
  /** Sends frames and end frame from the page cache, from within the same turn on; undefined where a door cannot. */
  readonly fromFile: ((part: Blob, timing: string) => T) | undefined;
}

/**
 * Sends the window that a body asks for as it lies in the file: the reader verifies every block, and so nothing is checked
 * here.
 */
export function sendFrames<T>(
  parts: StorageParts,
  headers: Headers,
  body: Pieces,
  sender: WindowSender<T>,
): Promise<T> {
  return watchCall("get", headers, () => sendWindow(parts, body, sender));
}

async function sendWindow<T>(
  { store, calls, serverId }: StorageParts,
  body: Pieces,
  { fromMemory, fromFile }: WindowSender<T>,
): Promise<T> {
  const asked = await readRequest(body);
  annotate(chunkAttributes(serverId, asked.chunkId));
  await calls.get.enter();
  return await store.read(asked.chunkId, async (reader) => {
    const { first, end } = blockWindow(reader, asked);
    const { blockSize } = reader.header;
    const { blocks, length: chunkLength } = reader.footer;
    const from = frameOffset(first, blockSize);
    const to = end === blocks ? endFrameOffset(chunkLength, blockSize) : frameOffset(end, blockSize);
    const length = to - from;
    // In the file the end frame follows only where the chunk ends.
    const inFile = end === blocks ? length + END_FRAME.length : length;
    if (fromFile !== undefined && inFile > length) {
      const part = reader.cachedFrames(from, inFile);
      if (part !== undefined) {
        countSent(length);
        return fromFile(part, noteRead(length, spanTime()));
      }
    }
    const memory = windows.take(inFile + 2 * PAGE);
    try {
      const began = spanTime();
      const { byteOffset, buffer } = await reader.frames(from, inFile, memory);
      const timing = noteRead(length, began);
      const bytes = new Uint8Array(buffer, byteOffset, length + END_FRAME.length);
      bytes.set(END_FRAME, length);
      countSent(length);
      return await fromMemory({ bytes, length, timing });
    } finally {
      windows.give(memory);
    }
  }).finally(() => calls.get.leave());
}

/** Notes that the disk has been read until now. @returns how long that took, as `Server-Timing` says it */
function noteRead(bytes: number, began: number): string {
  const ended = spanTime();
  addSpan("disk.read", { "sixfold.bytes": bytes }, began, ended);
  return `disk.read;dur=${(ended - began).toFixed(3)}`;
}

async function readRequest(body: Pieces): Promise<GetChunkRequest> {
  const message = await soleMessage(body);
  try {
    return fromBinary(GetChunkRequestSchema, message);
  } catch (cause) {
    throw unreadable(cause);
  }
}

async function soleMessage(body: Pieces): Promise<Uint8Array> {
  const decoder = new FrameDecoder(MAX_REQUEST);
  let message: Uint8Array | undefined;
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > MAX_REQUEST) throw new SixfoldError("invalid_argument", "the request is too long");
    for (const { trailers, data } of decoder.frames(piece)) if (!trailers) message ??= data.slice();
  }
  if (message === undefined) throw new SixfoldError("invalid_argument", "the request has no message");
  return message;
}

/** The error to answer a call with, which is logged. */
export function refusal(thrown: unknown, path: string, signal: AbortSignal, log: Logger): SixfoldError {
  const error = explainFailure(thrown, signal);
  const write = error.code === "internal" ? log.error : log.debug;
  write("call failed", { path, code: error.code, error: thrown });
  return error;
}
