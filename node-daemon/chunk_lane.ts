/** The fast lane: PutChunk and GetChunk over gRPC-Web, in place, beside Connect's own handlers. */
import { encodeTrailers, GRPC_WEB } from "../shared/grpc_web.ts";
import type { Logger } from "../shared/logger.ts";
import { type FrameWindow, GET_CHUNK, PUT_CHUNK, receiveFrames, refusal, sendFrames } from "./chunk_frames.ts";
import type { StorageParts } from "./storage_rpc.ts";

/** Answers a request; undefined where it is not for the lane. */
export type Lane = (request: Request) => Promise<Response> | undefined;

/**
 * @param admit throws for a caller without the cluster's token
 * @param secure whether the door is one of TLS, through which the kernel sends no file
 */
export function createLane(parts: StorageParts, admit: (headers: Headers) => void, secure: boolean, log: Logger): Lane {
  const calls = new Map([[PUT_CHUNK, put], [GET_CHUNK, secure ? getFromMemory : get]]);
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
    return respond(encodeTrailers(refusal(thrown, new URL(request.url).pathname, request.signal, log)));
  }
}

function respond(body: Uint8Array<ArrayBuffer> | Blob, more: Record<string, string> = {}): Response {
  // Without a status, a part of a file would be answered as one (206).
  return new Response(body, { status: 200, headers: { "content-type": GRPC_WEB, ...more } });
}

async function put(parts: StorageParts, { headers, body, signal }: Request): Promise<Response> {
  const receipt = await receiveFrames(parts, headers, body ?? nothing(), signal);
  return respond(Uint8Array.of(...receipt, ...encodeTrailers()));
}

function getFromMemory(parts: StorageParts, { headers, body }: Request): Promise<Response> {
  return sendFrames(parts, headers, body ?? nothing(), { fromMemory, fromFile: undefined });
}

function get(parts: StorageParts, { headers, body }: Request): Promise<Response> {
  return sendFrames(parts, headers, body ?? nothing(), { fromMemory, fromFile });
}

/** The answer has copied its bytes when it is made. */
function fromMemory({ bytes, timing }: FrameWindow): Promise<Response> {
  return Promise.resolve(respond(bytes, { "server-timing": timing }));
}

function fromFile(part: Blob, timing: string): Response {
  return respond(part, { "server-timing": timing });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
