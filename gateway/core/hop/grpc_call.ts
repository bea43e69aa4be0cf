/** One call of native gRPC on an HTTP/2 session: bytes out, bytes in, and the trailers that end it. */
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import { SixfoldError } from "../../../shared/errors.ts";
import { GRPC } from "../../../shared/grpc_web.ts";
import type { ChunkSink } from "./chunk_lane.ts";

/**
 * Bytes of one write: a daemon's window takes no more at once, and what is written is copied as a whole. Blocks of 1 MiB
 * on 24 sessions cost 67 MiB more in one write each, and no CPU less.
 */
const PIECE = 64 * 1024;

/** How an answer began, and how it ended. */
export interface GrpcAnswer {
  readonly head: Headers;
  readonly trailers: Headers;
}

/** A call that has begun. */
export class GrpcCall implements ChunkSink {
  readonly #stream: ClientHttp2Stream;
  #take: (piece: Uint8Array) => void;
  #head = new Headers();
  #trailers: Headers | undefined;
  #fail: (error: unknown) => void = () => {};
  #failWrite: (error: unknown) => void = () => {};
  /** Settles once the answer has come whole. */
  readonly answer: Promise<GrpcAnswer>;

  /** @param take hears each piece of the answer's body as it comes, and none once the call is cut */
  constructor(
    session: ClientHttp2Session,
    path: string,
    headers: Readonly<Record<string, string>>,
    take: (piece: Uint8Array) => void,
  ) {
    this.#take = take;
    const request = { ...headers, ":method": "POST", ":path": path, "content-type": GRPC, te: "trailers" };
    const stream = this.#stream = session.request(request, { endStream: false });
    this.answer = new Promise((resolve, reject) => {
      this.#fail = reject;
      let ended = false;
      // What is heard may come in any order: a body before the head, trailers before the end of the body.
      const heard = () => {
        if (ended && this.#trailers !== undefined) resolve({ head: this.#head, trailers: this.#trailers });
      };
      stream.on("response", (fields) => {
        this.#head = headersOf(fields);
        // An answer without a body may be one head alone.
        if (this.#head.has("grpc-status")) this.#trailers = this.#head;
        heard();
      });
      stream.on("trailers", (fields) => {
        this.#trailers = headersOf(fields);
        heard();
      });
      stream.on("data", (piece) => {
        try {
          this.#take(piece);
        } catch (error) {
          reject(error);
          this.cut();
        }
      });
      stream.on("end", () => {
        ended = true;
        heard();
      });
      stream.on("error", (cause) => this.#break(cause));
      stream.on("close", () => this.#break());
    });
    this.answer.catch(() => {}); // A call that is cut has nobody who waits for its answer.
  }

  async writeSmallChunk(bytes: Uint8Array): Promise<void> {
    await this.#write(bytes);
  }

  async writeChunk(head: Uint8Array, rest: Uint8Array): Promise<void> {
    this.#stream.write(head);
    for (let at = 0; at < rest.length; at += PIECE) await this.#write(rest.subarray(at, at + PIECE));
  }

  writeLastChunk(bytes: Uint8Array): Promise<void> {
    this.#stream.end(bytes);
    return Promise.resolve();
  }

  /** Ends the call at once, and tells the daemon, unless both are done with it. */
  cut(): void {
    this.#take = () => {};
    this.#break();
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** Returns when the bytes have left: until then HTTP/2 may hold on to their memory. */
  async #write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#failWrite = reject;
      this.#stream.write(bytes, (error) => error ? reject(error) : resolve());
    });
  }

  #break(cause?: unknown): void {
    const error = new SixfoldError("unavailable", "the connection to a storage server broke; try again", { cause });
    this.#fail(error);
    this.#failWrite(error);
  }
}

function headersOf(fields: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    if (!name.startsWith(":") && value !== undefined) headers.set(name, String(value));
  }
  return headers;
}
