/** What a door stands on: HTTP/1.1 in plain text or over TLS, with limits, and every connection at hand. */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Certificate } from "../shared/certificate.ts";

/** A server that does not listen yet. */
export interface Listener {
  readonly server: Server;
  /** Connections that may bring requests. */
  readonly sockets: ReadonlySet<Socket>;
  /** Takes another certificate for connections that are still to come. */
  renew(certificate: Certificate): void;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 4000;
const HEADER_MS = 10_000;
const IDLE_MS = 60_000;
/** What node:http answers to what is no request, which a listener of our own has to do in its place. */
const STATUS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};
const LIMITS = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: HEADER_MS,
  connectionsCheckingInterval: 1000,
  requestTimeout: 0,
  keepAliveTimeout: IDLE_MS,
};

/**
 * @param certificate for TLS; undefined for plain text
 * @param crowded is told of a connection that was closed because there are too many
 */
export function createListener(
  certificate: Certificate | undefined,
  take: RequestListener,
  crowded: () => void,
): Listener {
  // Kept here: node:http's own closeIdleConnections closes none on Deno 2.9.5.
  const sockets = new Set<Socket>();
  const held = new Set<Socket>();
  const hold = (socket: Socket) => {
    held.add(socket);
    socket.on("close", () => held.delete(socket));
    if (held.size <= MAX_CONNECTIONS) return;
    crowded();
    socket.destroy();
  };
  const follow = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  };
  if (certificate === undefined) {
    const server = createServer(LIMITS, take);
    server.on("clientError", refuse);
    server.on("connection", (socket) => (follow(socket), hold(socket)));
    return { server, sockets, renew: () => {} };
  }
  const tls = { ...certificate, minVersion: "TLSv1.2" as const, handshakeTimeout: HEADER_MS };
  const server = createTlsServer({ ...LIMITS, ...tls }, take);
  server.on("clientError", refuse);
  // Requests come on the connection within the connection; before it stands, there is nothing to wait for.
  server.on("connection", hold);
  server.on("secureConnection", follow);
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return { server, sockets, renew: (next) => server.setSecureContext(next) };
}

/**
 * A connection that was opened in advance and has brought nothing is closed without a word: a client that begins a request
 * on it at that moment would take the word for the answer, and sees this way that it has to ask on another one.
 */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (socket.writable && Reflect.get(socket, "bytesRead") !== 0) {
    socket.write(`HTTP/1.1 ${STATUS[error.code ?? ""] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
  }
  socket.destroy();
}
