/** The fast lane of the port of native gRPC: PutChunk and GetChunk in place, beside Connect's own handlers. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { SixfoldError } from "../shared/errors.ts";
import { GRPC, trailerFields } from "../shared/grpc_web.ts";
import type { Logger } from "../shared/logger.ts";
import { REQUEST_ID_HEADER, withRequestId } from "../shared/request_id.ts";
import { within } from "../shared/within.ts";
import { GET_CHUNK, PUT_CHUNK, receiveFrames, refusal, sendFrames } from "./chunk_frames.ts";
import type { StorageParts } from "./storage_rpc.ts";
import { StreamPieces } from "./stream_pieces.ts";

/** How long a caller may leave a window untaken, in ms: one that has frozen must not hold a place. */
const UNTAKEN_MS = 60_000;

/** Answers a call; false where it is not for the lane. */
export type GrpcLane = (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => boolean;

/** @param admit throws for a caller without the cluster's token */
export function createGrpcLane(parts: StorageParts, admit: (headers: Headers) => void, log: Logger): GrpcLane {
  const calls = new Map([[PUT_CHUNK, put], [GET_CHUNK, get]]);
  return (stream, fields) => {
    const path = fields[":path"] ?? "";
    const call = calls.get(path);
    if (call === undefined || !isPlain(fields)) return false;
    const headers = headersOf(fields);
    const one = new GrpcStream(stream);
    void withRequestId(headers.get(REQUEST_ID_HEADER), async () => {
      try {
        admit(headers);
        await call(parts, headers, one);
        one.end();
      } catch (thrown) {
        one.end(refusal(thrown, path, one.signal, log));
      }
    });
    return true;
  };
}

/** Whether a call is one of binary messages that are not compressed. */
function isPlain(fields: IncomingHttpHeaders): boolean {
  const type = fields["content-type"];
  return fields[":method"] === "POST" && (type === GRPC || type === "application/grpc") &&
    (fields["grpc-encoding"] ?? "identity") === "identity";
}

async function put(parts: StorageParts, headers: Headers, stream: GrpcStream): Promise<void> {
  await stream.write(await receiveFrames(parts, headers, stream.pieces, stream.signal));
}

async function get(parts: StorageParts, headers: Headers, stream: GrpcStream): Promise<void> {
  await sendFrames(parts, headers, stream.pieces, {
    fromMemory: ({ bytes, length, timing }) => stream.write(bytes.subarray(0, length), { "server-timing": timing }),
    fromFile: undefined,
  });
}

/** A call's stream, both ways. */
class GrpcStream {
  readonly #stream: ServerHttp2Stream;
  readonly #left = new AbortController();
  readonly pieces: StreamPieces;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    // The signal is the first to hear that the caller has left: what fails afterwards fails for that reason.
    stream.on("close", () => this.#left.abort(gone()));
    stream.on("error", () => this.#left.abort(gone()));
    this.pieces = new StreamPieces(stream);
  }

  /** Aborts when the caller has left, or the call is over. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /**
   * Writes a body, after the head that it needs. Afterwards its memory is the caller's again.
   * @throws SixfoldError `canceled` when the caller leaves, or does not take it
   */
  async write(bytes: Uint8Array, head: Readonly<Record<string, string>> = {}): Promise<void> {
    this.signal.throwIfAborted();
    this.#respond(head);
    let left = () => {};
    const written = new Promise<void>((resolve, reject) => {
      left = () => reject(gone());
      this.signal.addEventListener("abort", left);
      this.#stream.write(bytes, (error) => error ? reject(gone()) : resolve());
    });
    try {
      await within(UNTAKEN_MS, written, "the answer was not taken for too long; ask again");
    } catch (error) {
      this.#stream.close(constants.NGHTTP2_CANCEL);
      throw error;
    } finally {
      this.signal.removeEventListener("abort", left);
    }
  }

  /** Ends the call with its trailers. */
  end(error?: SixfoldError): void {
    this.pieces.stop();
    if (this.#stream.closed || this.#stream.destroyed) return;
    this.#stream.on("wantTrailers", () => this.#stream.sendTrailers(trailerFields(error)));
    this.#respond({});
    this.#stream.end();
  }

  #respond(head: Readonly<Record<string, string>>): void {
    if (this.#stream.headersSent) return;
    this.#stream.respond({ ":status": 200, "content-type": GRPC, ...head }, { waitForTrailers: true });
  }
}

function gone(): SixfoldError {
  return new SixfoldError("canceled", "the caller went away");
}

function headersOf(fields: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    if (!name.startsWith(":") && value !== undefined) headers.set(name, String(value));
  }
  return headers;
}
