/**
 * Download with its bytes sent where they lie. Connect's own handler copies every message four times, which at full
 * speed is garbage by the hundred MiB; it still answers whoever asks for JSON or for compression.
 */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import * as connect from "@connectrpc/connect/protocol-connect";
import * as grpcWeb from "@connectrpc/connect/protocol-grpc-web";
import { toConnectError } from "../../shared/connect_error.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { FrameDecoder } from "../../shared/frame_codec.ts";
import {
  type DownloadRequest,
  DownloadRequestSchema,
  DownloadResponseSchema,
  FileService,
} from "../../shared/gen/sixfold/v1/files_pb.ts";
import { bytesPrefix, encodeEnvelope, encodeMessage, encodeTrailers, GRPC_WEB } from "../../shared/grpc_web.ts";
import type { Logger } from "../../shared/logger.ts";
import { MAX_TIMEOUT_MS } from "../../shared/rpc.ts";

const PATH = `/${FileService.typeName}/${FileService.method.download.name}`;
/** The largest request, in bytes. */
const MAX_REQUEST = 16 * 1024;
const encoder = new TextEncoder();

/** A protocol's share: where its deadline stands, and how a stream ends. */
interface Protocol {
  deadline(headers: Headers): { timeoutMs?: number; error?: Error | undefined };
  end(error?: SixfoldError): Uint8Array<ArrayBuffer>;
}

const PROTOCOLS = new Map<string | null, Protocol>([
  [connect.contentTypeStreamProto, {
    deadline: (headers) => connect.parseTimeout(headers.get("connect-timeout-ms"), MAX_TIMEOUT_MS),
    end(error) {
      const told = error && toConnectError(error);
      const json = connect.endStreamToJson(told?.metadata ?? new Headers(), told, undefined);
      return encodeEnvelope(connect.endStreamFlag, encoder.encode(JSON.stringify(json)));
    },
  }],
  [GRPC_WEB, {
    deadline: (headers) => grpcWeb.parseTimeout(headers.get("grpc-timeout"), MAX_TIMEOUT_MS),
    end: encodeTrailers,
  }],
]);

/** The messages of one download, in order. */
export type Messages = (
  request: DownloadRequest,
  signal: AbortSignal,
) => AsyncIterable<MessageInitShape<typeof DownloadResponseSchema>>;

/**
 * @param begin is called while the request is being taken in; its messages are asked for when the answer is being sent
 * @returns a handler that answers undefined where a request is not Download in binary messages
 */
export function createDownloadStream(begin: () => Messages, log: Logger) {
  return (request: Request): Promise<Response> | undefined => {
    const type = request.headers.get("content-type");
    const protocol = PROTOCOLS.get(type);
    const plain = !request.headers.has("connect-content-encoding") && !request.headers.has("grpc-encoding");
    const here = request.method === "POST" && new URL(request.url).pathname === PATH;
    if (!here || protocol === undefined || !plain) return undefined;
    const body = ReadableStream.from(frames(request, protocol, begin(), log));
    return Promise.resolve(new Response(body, { headers: { "content-type": type ?? "" } }));
  };
}

/** An error ends the stream in the protocol's own way, which no client takes for a whole file. */
async function* frames(request: Request, protocol: Protocol, messages: Messages, log: Logger) {
  try {
    const { timeoutMs, error } = protocol.deadline(request.headers);
    if (error) throw error;
    const signals = [request.signal, ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)])];
    for await (const message of messages(await readRequest(request), AbortSignal.any(signals))) {
      if (message.part?.case === "data") {
        const data = message.part.value;
        yield bytesPrefix(DownloadResponseSchema.field.data.number, data.length);
        yield data;
      } else {
        yield encodeMessage(toBinary(DownloadResponseSchema, create(DownloadResponseSchema, message)));
      }
    }
    yield protocol.end();
  } catch (thrown) {
    const error = SixfoldError.from(thrown);
    if (error.code === "internal") log.error("call failed", { method: "Download", error: thrown });
    yield protocol.end(error);
  }
}

async function readRequest(request: Request): Promise<DownloadRequest> {
  const decoder = new FrameDecoder(MAX_REQUEST);
  let read: DownloadRequest | undefined;
  for await (const piece of request.body ?? []) {
    for (const { data } of decoder.push(piece)) {
      if (read) throw new SixfoldError("invalid_argument", "Download takes one request");
      try {
        read = fromBinary(DownloadRequestSchema, data);
      } catch (cause) {
        throw new SixfoldError("invalid_argument", "this is not a request of Download", { cause });
      }
    }
  }
  if (read === undefined) throw new SixfoldError("invalid_argument", "the request has no message");
  return read;
}
