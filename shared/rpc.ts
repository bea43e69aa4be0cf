/** What every door and every client of Connect have in common here: limits, errors, and how `fetch` reaches them. */
import { Code, ConnectError, type ConnectRouter, type Interceptor, type Transport } from "@connectrpc/connect";
import {
  createFetchClient,
  universalServerRequestFromFetch,
  universalServerResponseToFetch,
} from "@connectrpc/connect/protocol";
import { createTransport as createGrpcWeb } from "@connectrpc/connect/protocol-grpc-web";
import { toConnectError } from "./connect_error.ts";
import { SixfoldError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { pathOf } from "./path_of.ts";
import { blameSender, isUnread, refuseUnquotable, unreadable } from "./unreadable.ts";

/** The largest message, in bytes, before and after any decoding. */
export const MAX_MESSAGE = 16 * 1024 * 1024;

/** The header of a call to a daemon that says which server is meant. */
export const SERVER_HEADER = "sixfold-server";

/** What makes a request, as `fetch` does. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** The longest time that a call may ask for, in ms. */
export const MAX_TIMEOUT_MS = 3_600_000;

/** The limits of every server. Nothing is compressed: chunks do not shrink, and a small message may grow without end. */
export const SERVER_LIMITS = {
  acceptCompression: [],
  readMaxBytes: MAX_MESSAGE,
  writeMaxBytes: MAX_MESSAGE,
  maxTimeoutMs: MAX_TIMEOUT_MS,
};

/**
 * Turns whatever a handler throws into an error of the table. What is not in the table is logged, unless it comes of the
 * caller's own leaving.
 */
export function translateErrors(log: Logger): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (thrown) {
      const error = explainFailure(thrown, request.signal);
      if (error.code === "internal") log.error("call failed", { method: request.method.name, error: thrown });
      throw toConnectError(error);
    }
  };
}

/** What a call has thrown; `canceled` for what is not in the table when its caller has left, for it comes of that. */
export function explainFailure(thrown: unknown, caller: AbortSignal): SixfoldError {
  const error = SixfoldError.from(thrown);
  if (isUnread(error)) return unreadable(thrown);
  if (error.code !== "internal" || !caller.aborted) return error;
  return new SixfoldError("canceled", "the caller went away", { cause: thrown });
}

/** The messages of a client's stream. One that cannot be read is the client's fault, which Connect takes for its own. */
export async function* requestsOf<T>(requests: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* requests;
  } catch (cause) {
    if (SixfoldError.from(cause).code !== "internal") throw cause;
    throw unreadable(cause);
  }
}

/** `translateErrors` for the body of a server stream, which runs after the interceptors have returned. */
export async function* translateStream<T>(body: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* body;
  } catch (error) {
    throw toConnectError(SixfoldError.from(error));
  }
}

/** A router as a handler of `fetch`; undefined where no call has the request's path. */
export function fetchHandler({ handlers }: ConnectRouter): (request: Request) => Promise<Response> | undefined {
  const byPath = new Map(handlers.map((handler) => [handler.requestPath, handler]));
  return (request) => {
    const handler = byPath.get(pathOf(request));
    return handler &&
      handler(universalServerRequestFromFetch(request, {})).then(blameSender).then(universalServerResponseToFetch)
        .catch((cause) => refuseUnquotable(cause, request.headers.get("content-type")));
  };
}

/** A client's transport over `fetch`: gRPC-Web, or the protocol whose `createTransport` is given. It streams both ways. */
export function fetchTransport(
  baseUrl: string,
  create: typeof createGrpcWeb = createGrpcWeb,
  over: Fetch = fetch,
): Transport {
  return create({
    baseUrl,
    httpClient: createFetchClient(reaching(over) as typeof fetch),
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 1024,
    readMaxBytes: MAX_MESSAGE,
    writeMaxBytes: MAX_MESSAGE,
  });
}

/** What `fetch` calls a TypeError is a connection that was refused or broke, which Connect would take for a mistake. */
function reaching(over: Fetch): Fetch {
  return async (input, init) => {
    try {
      return await over(input, init);
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      throw new ConnectError(
        "a server cannot be reached now; try again",
        Code.Unavailable,
        undefined,
        undefined,
        cause,
      );
    }
  };
}
