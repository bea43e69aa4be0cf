/** The connections of native gRPC, and how they end when a daemon stops. */
import { constants, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";

/** How long a caller may take to hang up once it has been told, in ms. */
const HANG_UP_MS = 1000;

/**
 * Ends connections without a GOAWAY: Deno aborts now and then, as a whole process, when its HTTP/2 client gets one while
 * calls begin (an assertion in nghttp2), and so a daemon that was stopped took gateways with it. Calls that come too late
 * are refused one by one instead, which tells their callers as well that they may ask another server.
 */
export class GrpcConnections {
  readonly #server: Http2Server;
  readonly #sockets = new Set<Socket>();
  readonly #calls = new Set<ServerHttp2Stream>();
  #whenDone: (() => void) | undefined;

  constructor(server: Http2Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on("session", (session) => session.on("error", () => session.destroy()));
  }

  /** Whether a call may begin. One that may not is ended. */
  admit(stream: ServerHttp2Stream): boolean {
    if (this.#whenDone !== undefined) {
      stream.on("error", () => {});
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return false;
    }
    this.#calls.add(stream);
    stream.on("close", () => {
      this.#calls.delete(stream);
      if (this.#calls.size === 0) this.#whenDone?.();
    });
    return true;
  }

  /** Takes no more calls, and hangs up when those that are under way have ended, or after so many ms. */
  async close(graceMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#whenDone = resolve;
      timer = setTimeout(resolve, graceMs);
      if (this.#calls.size === 0) resolve();
    });
    clearTimeout(timer);
    for (const socket of this.#sockets) socket.end();
    timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, HANG_UP_MS);
    await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.on("close", resolve))));
    clearTimeout(timer);
    // Last, for it says GOAWAY on every connection that there still is.
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
