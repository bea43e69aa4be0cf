/** The fast lane: PutChunk and GetChunk over gRPC-Web, in place, beside Connect's own handlers. */
import { encodeTrailers, GRPC_WEB } from "../shared/grpc_web.ts";
import type { Logger } from "../shared/logger.ts";
import { GET_CHUNK, PUT_CHUNK, receiveFrames, refusal, sendFrames } from "./chunk_frames.ts";
import type { StorageParts } from "./storage_rpc.ts";

/** Answers a request; undefined where it is not for the lane. */
export type Lane = (request: Request) => Promise<Response> | undefined;

/** @param admit throws for a caller without the cluster's token */
export function createLane(parts: StorageParts, admit: (headers: Headers) => void, log: Logger): Lane {
  const calls = new Map([[PUT_CHUNK, put], [GET_CHUNK, get]]);
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

function respond(body: Uint8Array<ArrayBuffer>, more: Record<string, string> = {}): Response {
  return new Response(body, { headers: { "content-type": GRPC_WEB, ...more } });
}

async function put(parts: StorageParts, { headers, body, signal }: Request): Promise<Response> {
  const receipt = await receiveFrames(parts, headers, body ?? nothing(), signal);
  return respond(Uint8Array.of(...receipt, ...encodeTrailers()));
}

function get(parts: StorageParts, { headers, body }: Request): Promise<Response> {
  return sendFrames(
    parts,
    headers,
    body ?? nothing(),
    ({ bytes, timing }) => Promise.resolve(respond(bytes, { "server-timing": timing })),
  );
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
