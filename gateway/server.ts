/**
 * The gateway's door: HTTP/1.1 in, `Request` and `Response` within, with the limits that keep one client from harming
 * the others. It stands on node:http because Deno.serve has no timeouts, and holds no chunked body back (Deno 2.9.5).
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { SixfoldError } from "../shared/errors.ts";
import type { Logger } from "../shared/logger.ts";
import { REQUEST_ID_HEADER, requestIdHeader, withRequestId } from "../shared/request_id.ts";

/** What answers requests. Its signal aborts when the client has left before the answer was complete. */
export type Handler = (request: Request) => Promise<Response>;

/** An open door. */
export interface Door {
  readonly port: number;
  /** Takes no new requests, lets running ones finish for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 1000;
const HEADER_MS = 10_000;
const IDLE_MS = 60_000;
/** How long a client may send nothing of a body, or take nothing of an answer. */
const STALL_MS = 30_000;
/** How long the rest of a refused body is read, so that the answer is not lost to a reset connection. */
const DRAIN_MS = 1000;
/** Answers without a length that may be long; all others are messages of bounded size. */
const STREAMS = /^application\/(connect\+|grpc)/;
/** Segments that a URL would resolve: in a key they are an error, and must not lead to another key. */
const DOTS = /\/(?:\.|%2e){1,2}(?=[/?#]|$)/i;

/**
 * Opens the door.
 * @throws SixfoldError `failed_precondition` when the port is taken
 */
export async function openDoor(host: string, port: number, handler: Handler, log: Logger): Promise<Door> {
  // Kept here: node:http's own closeIdleConnections closes none on Deno 2.9.5.
  const idle = new Set<Socket>();
  let stopping = false;
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADER_MS,
      connectionsCheckingInterval: 1000,
      requestTimeout: 0,
      keepAliveTimeout: IDLE_MS,
    },
    (incoming, outgoing) => {
      idle.delete(incoming.socket);
      outgoing.on("close", () => {
        if (stopping) incoming.socket.destroy();
        else idle.add(incoming.socket);
      });
      const given = incoming.headers[REQUEST_ID_HEADER];
      withRequestId(
        typeof given === "string" ? given : undefined,
        () =>
          exchange(incoming, outgoing, handler).catch((error) => {
            // The transfer is broken, and must look so: no clean end, whatever was sent.
            log.debug("a request broke off", { error });
            outgoing.destroy();
          }),
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on("connection", (socket) => {
    idle.add(socket);
    socket.on("close", () => idle.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, port)));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      stopping = true;
      for (const socket of idle) socket.destroy();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

async function exchange(incoming: IncomingMessage, outgoing: ServerResponse, handler: Handler): Promise<void> {
  const left = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) left.abort(new SixfoldError("canceled", "the client went away"));
  });
  const response = await answer(incoming, handler, left.signal);
  const headers: Record<string, string> = { ...Object.fromEntries(response.headers), ...requestIdHeader() };
  if (!incoming.complete) headers["connection"] = "close";
  if (response.body === null || "content-length" in headers || STREAMS.test(headers["content-type"] ?? "")) {
    outgoing.writeHead(response.status, headers);
    if (response.body !== null) await send(response.body, outgoing, left.signal);
    outgoing.end();
  } else {
    const body = await response.bytes();
    outgoing.writeHead(response.status, { ...headers, "content-length": String(body.length) });
    outgoing.end(body);
  }
  if (!incoming.complete) drain(incoming);
}

async function answer(incoming: IncomingMessage, handler: Handler, signal: AbortSignal): Promise<Response> {
  const { method = "GET", url = "/" } = incoming;
  if (!url.startsWith("/") || DOTS.test(url)) return new Response("the path is not one of a file\n", { status: 400 });
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? "", incoming.rawHeaders[i + 1] ?? "");
  }
  const hasBody = headers.has("content-length") || headers.has("transfer-encoding");
  const body = hasBody && method !== "GET" && method !== "HEAD" ? bodyOf(incoming) : null;
  // The host is the client's word; nothing is decided by it, and only the path is read.
  return await handler(new Request(`http://gateway${url}`, { method, headers, body, signal }));
}

/** The body as a stream that takes from the socket only what its reader asks for. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  let stalled: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  /** Only the first end counts: after it, the stream takes nothing any more. */
  const end = (act: () => void) => {
    clearTimeout(stalled);
    if (!over) act();
    over = true;
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      const brokenOff = () => controller.error(new SixfoldError("canceled", "the client broke off its body"));
      incoming.on("data", (piece: Uint8Array<ArrayBuffer>) => {
        clearTimeout(stalled);
        if (over) return;
        incoming.pause();
        controller.enqueue(piece);
      });
      incoming.on("end", () => end(() => controller.close()));
      incoming.on("error", () => end(brokenOff));
      incoming.on("close", () => end(brokenOff));
      incoming.pause();
    },
    pull(controller) {
      clearTimeout(stalled);
      const seconds = STALL_MS / 1000;
      const late = new SixfoldError("deadline_exceeded", `no byte of the body came in ${seconds} s; send it again`);
      stalled = setTimeout(() => end(() => controller.error(late)), STALL_MS);
      incoming.resume();
    },
    cancel: () => end(() => {}),
  }, { highWaterMark: 0 });
}

/**
 * Writes a body as fast as the client takes it. The next piece is asked for when the kernel has the one before: a piece's
 * bytes may change then.
 * @throws when the body fails, or the client leaves or stalls
 */
async function send(body: ReadableStream<Uint8Array>, outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
  for await (const piece of body) {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const stalled = setTimeout(() => finish(new Error("the client takes nothing of the answer")), STALL_MS);
      const gone = () => finish(signal.reason);
      const finish = (error?: unknown) => {
        clearTimeout(stalled);
        signal.removeEventListener("abort", gone);
        if (error) reject(error);
        else resolve();
      };
      signal.addEventListener("abort", gone);
      outgoing.write(piece, finish);
    });
  }
}

function drain(incoming: IncomingMessage): void {
  incoming.resume();
  const cut = setTimeout(() => incoming.destroy(), DRAIN_MS);
  incoming.on("close", () => clearTimeout(cut));
}

function explain(error: Error, port: number): unknown {
  if (!("code" in error) || error.code !== "EADDRINUSE") return error;
  return new SixfoldError(
    "failed_precondition",
    `port ${port} is taken; stop its owner or choose another with SIXFOLD_PORT`,
    { cause: error },
  );
}
