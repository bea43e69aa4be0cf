/**
 * The gateway's door: HTTP/1.1 in, `Request` and `Response` within, with the limits that keep one client from harming
 * the others. It stands on node:http because Deno.serve has no timeouts, and holds no chunked body back (Deno 2.9.5).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { SixfoldError } from "../shared/errors.ts";
import type { Logger } from "../shared/logger.ts";
import type { Certificate } from "../shared/certificate.ts";
import { keepInterim } from "./api/interim.ts";
import { createListener } from "./listener.ts";
import type { RequestWatch } from "./request_watch.ts";
import { type Crowds, SlowClients } from "./slow_clients.ts";

/**
 * What answers requests. A request's signal aborts when the client has left before the answer was complete.
 * @param address the client's, or that of the last proxy before the door
 */
export type Handler = (request: Request, address: string) => Promise<Response>;

/** How much goes through a door. */
export interface DoorLoad {
  readonly requests: number;
  readonly connections: number;
}

/** An open door. */
export interface Door {
  readonly port: number;
  /** How much goes through it now. */
  load(): DoorLoad;
  /** Takes another certificate for connections that are still to come. */
  renew(certificate: Certificate): void;
  /** Takes no new requests, lets running ones finish for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** What a door leads to, and how much goes through it at once. */
export interface DoorOptions {
  readonly host: string;
  readonly port: number;
  /** For TLS; undefined for plain text. */
  readonly certificate: Certificate | undefined;
  readonly handler: Handler;
  /** Answers a request that is not let in, in the way that its sender understands. */
  readonly refuse: (request: Request, error: SixfoldError) => Response;
  /** Requests that are let in however many there are. */
  readonly always: (request: Request) => boolean;
  /** The most requests at once. */
  readonly most: number;
  readonly crowds: Crowds;
  /** Sees every request. */
  readonly watch: RequestWatch;
  readonly log: Logger;
}

/** A line in the log about full doors, at most so often, in ms. */
const TELL_MS = 10_000;
/** How long a connection with the rest of a refused body stays, so that the answer is not lost to a reset. */
const DRAIN_MS = 1000;
/** What every answer says that does not say otherwise: it is no page, no part of one, and is kept by nobody for others. */
const SAFE = {
  "cache-control": "private",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "SAMEORIGIN",
};
/** Answers without a length that may be long; all others are messages of bounded size. */
const STREAMS = /^application\/(connect\+|grpc)/;
/** Segments that a URL would resolve: in a key they are an error, and must not lead to another key. */
const DOTS = /\/(?:\.|%2e){1,2}(?=[/?#]|$)/i;

/**
 * Opens the door.
 * @throws SixfoldError `failed_precondition` when the port is taken
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { host, port, most, log } = options;
  const busy = new Set<Socket>();
  const clients = new SlowClients(options.crowds);
  const tell = atMostEvery(
    TELL_MS,
    (message: string) => log.warn(message, { requests: busy.size, connections: sockets.size }),
  );
  let stopping = false;
  const limited = (request: Request): SixfoldError | undefined => {
    if (stopping) return new SixfoldError("unavailable", "the gateway stops; ask another one");
    if (busy.size <= most || options.always(request)) return undefined;
    tell("more requests than are let in at once; the rest is refused");
    return new SixfoldError("unavailable", "the gateway has too much to do; try again");
  };
  const handler: Handler = async (request, address) => {
    const refusal = limited(request);
    return refusal === undefined ? await options.handler(request, address) : options.refuse(request, refusal);
  };
  const take = (incoming: IncomingMessage, outgoing: ServerResponse, onBody = () => {}) => {
    const { socket } = incoming;
    busy.add(socket);
    outgoing.on("close", () => {
      busy.delete(socket);
      if (stopping) socket.destroy();
    });
    const work = (more: () => Record<string, string>) =>
      exchange(incoming, outgoing, onBody, handler, clients, more, () => stopping).catch((error) => {
        // The transfer is broken, and must look so: no clean end, whatever was sent.
        log.debug("a request broke off", { error });
        outgoing.destroy();
      });
    void options.watch(incoming, outgoing, work);
  };
  const crowded = () => tell("more connections than are held at once; the rest is closed");
  const { server, sockets, renew } = createListener(options.certificate, (incoming, outgoing) => {
    take(incoming, outgoing);
  }, crowded);
  // Who asks before it sends its body (Expect: 100-continue) is told to go on when somebody wants the first byte of it: a
  // refusal, for whatever reason, comes before that, and costs neither side the body.
  server.on("checkContinue", (incoming, outgoing) => take(incoming, outgoing, () => outgoing.writeContinue()));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
  server.on("error", (error) => tell(`connections cannot be taken: ${error.message}`));
  return {
    port: (server.address() as AddressInfo).port,
    renew,
    load: () => ({ requests: busy.size, connections: sockets.size }),
    async close(graceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      stopping = true;
      for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(cut);
      clients.close();
    },
  };
}

async function exchange(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onBody: () => void,
  handler: Handler,
  clients: SlowClients,
  more: () => Record<string, string>,
  isStopping: () => boolean,
): Promise<void> {
  const left = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) left.abort(new SixfoldError("canceled", "the client went away"));
  });
  const response = await answer(incoming, outgoing, onBody, handler, clients, left.signal);
  const headers: Record<string, string> = { ...SAFE, ...Object.fromEntries(response.headers), ...more() };
  if (!incoming.complete || isStopping()) headers["connection"] = "close";
  if (response.body === null || "content-length" in headers || STREAMS.test(headers["content-type"] ?? "")) {
    outgoing.writeHead(response.status, headers);
    if (response.body !== null) await send(response.body, outgoing, clients, left.signal);
    outgoing.end();
  } else {
    const body = await response.bytes();
    outgoing.writeHead(response.status, { ...headers, "content-length": String(body.length) });
    outgoing.end(body);
  }
  // What is to be sent again anyway is not read: with too much to do, that would be most of it.
  if (!incoming.complete) linger(incoming, !("retry-after" in headers));
  // A body that is here but was not taken would not end, and not be let go of.
  else incoming.resume();
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onBody: () => void,
  handler: Handler,
  clients: SlowClients,
  signal: AbortSignal,
): Promise<Response> {
  const { method = "GET", url = "/" } = incoming;
  if (!url.startsWith("/") || DOTS.test(url)) return new Response("the path is not one of a file\n", { status: 400 });
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? "", incoming.rawHeaders[i + 1] ?? "");
  }
  const hasBody = headers.has("content-length") || headers.has("transfer-encoding");
  const body = hasBody && method !== "GET" && method !== "HEAD" ? bodyOf(incoming, outgoing, onBody, clients) : null;
  // The host is the client's word; nothing is decided by it, and only the path is read.
  const request = new Request(`http://gateway${url}`, { method, headers, body, signal });
  keepInterim(request, incoming, outgoing);
  return await handler(request, incoming.socket.remoteAddress ?? "");
}

/** The body as a stream that takes from the socket only what its reader asks for. @param onBody hears the first time */
function bodyOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onBody: () => void,
  clients: SlowClients,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let over = false;
  let asked = false;
  /** Only the first end counts: after it, the stream takes nothing any more. */
  const end = (act: () => void) => {
    clients.forget(transfer);
    if (!over) act();
    over = true;
  };
  let fail: (error: SixfoldError) => void = () => {};
  const transfer = clients.follow("upload", (error) => end(() => fail(error)));
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      fail = (error) => controller.error(error);
      const brokenOff = () => fail(new SixfoldError("canceled", "the client broke off its body"));
      incoming.on("data", (piece: Uint8Array<ArrayBuffer>) => {
        transfer.progress(piece.length);
        // What comes after the answer is for nobody, and would be kept for ever.
        if (over || outgoing.writableEnded) return;
        incoming.pause();
        controller.enqueue(piece);
      });
      incoming.on("end", () => end(() => controller.close()));
      incoming.on("error", () => end(brokenOff));
      incoming.on("close", () => end(brokenOff));
      incoming.pause();
    },
    pull() {
      if (!asked) onBody();
      asked = true;
      transfer.wait();
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
async function send(
  body: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
  clients: SlowClients,
  left: AbortSignal,
): Promise<void> {
  let fail: (reason: unknown) => void = () => {};
  const transfer = clients.follow("download", (error) => fail(error));
  const gone = () => fail(left.reason);
  left.addEventListener("abort", gone);
  try {
    for await (const piece of body) {
      left.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        fail = reject;
        transfer.wait();
        outgoing.write(piece, (error) => error ? reject(error) : resolve());
      });
      transfer.progress(piece.length);
    }
  } finally {
    left.removeEventListener("abort", gone);
    clients.forget(transfer);
  }
}

function linger(incoming: IncomingMessage, reads: boolean): void {
  if (reads) incoming.resume();
  const cut = setTimeout(() => incoming.destroy(), DRAIN_MS);
  incoming.on("close", () => clearTimeout(cut));
}

/** Calls `act` now, or not at all when it was called a moment ago. */
function atMostEvery(ms: number, act: (message: string) => void): (message: string) => void {
  let last = -Infinity;
  return (message) => {
    if (performance.now() - last < ms) return;
    last = performance.now();
    act(message);
  };
}

function explain(error: Error, host: string, port: number): unknown {
  if (!("code" in error)) return error;
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
    const what = `SIXFOLD_HOST=${host} is no address of this machine; name one, or 0.0.0.0 for all`;
    return new SixfoldError("failed_precondition", what, { cause: error });
  }
  if (error.code !== "EADDRINUSE") return error;
  return new SixfoldError(
    "failed_precondition",
    `port ${port} is taken; stop its owner or choose another with SIXFOLD_PORT`,
    { cause: error },
  );
}
