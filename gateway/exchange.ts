/**
 * One request and its answer on node:http: `Request` and `Response` within, made of what came and sent as fast as the client
 * takes it, with nothing made per request that its answer does not need.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { SixfoldError } from "../shared/errors.ts";
import { keepInterim } from "./api/interim.ts";
import { WholeAnswer } from "./api/whole_answer.ts";
import type { SlowClients } from "./slow_clients.ts";

/** How long the rest of a refused body is read, in ms: a client on a busy machine may take a while to look for an answer. */
const DRAIN_MS = 5000;
/** How long one that is not read may stay. */
const UNREAD_MS = 1000;
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
 * What answers requests. A request's signal aborts when the client has left before the answer was complete.
 * @param address the client's, or that of the last proxy before the door
 */
export type Handler = (request: Request, address: string) => Promise<Response>;

/** How a door answers. */
export interface Exchanging {
  readonly handler: Handler;
  readonly clients: SlowClients;
  /** Whether the door closes, so that its connections are of no more use. */
  readonly isStopping: () => boolean;
}

/**
 * Answers one request.
 * @param onBody hears when the first byte of the body is asked for
 * @param more headers of the answer, asked for when it is there
 * @throws when the transfer breaks: nothing that was sent is a whole answer then
 */
export async function exchange(
  { handler, clients, isStopping }: Exchanging,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onBody: () => void,
  more: () => Record<string, string>,
): Promise<void> {
  const left = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) left.abort(new SixfoldError("canceled", "the client went away"));
  });
  const request = requestOf(incoming, outgoing, onBody, clients, left.signal);
  const response = typeof request === "string"
    ? new Response(request, { status: 400 })
    : await handler(request, incoming.socket.remoteAddress ?? "");
  const whole = response instanceof WholeAnswer ? response.asGiven : undefined;
  const headers: Record<string, string> = {
    ...SAFE,
    ...(whole === undefined ? Object.fromEntries(response.headers) : whole.headers),
    ...more(),
  };
  if (!incoming.complete || isStopping()) headers["connection"] = "close";
  // What is to be sent again anyway is not read: with too much to do, that would be most of it.
  const rest = incoming.complete || "retry-after" in headers ? undefined : incoming;
  if (whole !== undefined) sendWhole(outgoing, response.status, headers, whole.bytes, rest);
  else if (response.body === null || "content-length" in headers || STREAMS.test(headers["content-type"] ?? "")) {
    outgoing.writeHead(response.status, headers);
    if (response.body !== null) await send(response.body, outgoing, clients, left.signal);
    outgoing.end();
  } else sendWhole(outgoing, response.status, headers, await response.bytes(), rest);
  // A body that is here but was not taken would not end, and not be let go of.
  if (incoming.complete || rest !== undefined) incoming.resume();
  else cutLater(incoming);
}

/**
 * @param rest of the request, which is read and thrown away. With the end of an answer that closes a connection, node:http
 * closes it at once: with bytes unread, that is a reset, and a client that is still sending may never see the answer. So the
 * answer is sent, and ends when the request does.
 */
function sendWhole(
  outgoing: ServerResponse,
  status: number,
  headers: Record<string, string>,
  bytes: Uint8Array,
  rest: IncomingMessage | undefined,
): void {
  headers["content-length"] = String(bytes.length);
  outgoing.writeHead(status, headers);
  if (rest === undefined) return void outgoing.end(bytes);
  if (bytes.length > 0) outgoing.write(bytes);
  else outgoing.flushHeaders();
  // Nobody takes the body any more, and nobody is to hold it back.
  rest.removeAllListeners("data");
  const end = () => outgoing.end();
  const late = setTimeout(end, DRAIN_MS);
  rest.on("end", end);
  outgoing.on("close", () => clearTimeout(late));
}

/** The request that came, or what is wrong with its path. */
function requestOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onBody: () => void,
  clients: SlowClients,
  signal: AbortSignal,
): Request | string {
  const { method = "GET", url = "/", rawHeaders } = incoming;
  if (!url.startsWith("/") || DOTS.test(url)) return "the path is not one of a file\n";
  const { "content-length": length, "transfer-encoding": coding } = incoming.headers;
  const hasBody = length !== undefined || coding !== undefined;
  const body = hasBody && method !== "GET" && method !== "HEAD" ? bodyOf(incoming, outgoing, onBody, clients) : null;
  // The host is the client's word; nothing is decided by it, and only the path is read.
  const request = new Request(`http://gateway${url}`, { method, body });
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    request.headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  }
  // A signal that is given to the constructor is followed by another one, at a price that small requests feel.
  Object.defineProperty(request, "signal", { value: signal });
  keepInterim(request, incoming, outgoing);
  return request;
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

function cutLater(incoming: IncomingMessage): void {
  const cut = setTimeout(() => incoming.destroy(), UNREAD_MS);
  incoming.on("close", () => clearTimeout(cut));
}
