/**
 * Bodies of gRPC-Web, and of native gRPC, written by hand: envelopes, trailers, and the blocks of PutChunk without a copy
 * of their bytes.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { writeFramePrefix } from "./chunk_format.ts";
import { DETAIL_HEADER, ERROR_CODES, RETRY_AFTER, SixfoldError } from "./errors.ts";
import { decodeBlock, type DecodedBlock, ENVELOPE, TRAILERS_FLAG } from "./frame_codec.ts";
import { type ChunkEnd, type ChunkHeader, PutChunkRequestSchema } from "./gen/sixfold/v1/storage_pb.ts";

/** The content type of a body of binary messages. */
export const GRPC_WEB = "application/grpc-web+proto";
/** The same of native gRPC, whose envelopes are the same. */
export const GRPC = "application/grpc+proto";

const BLOCK_TAG = (2 << 3) | 2;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message in its envelope. */
export function encodeMessage(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeEnvelope(0, message);
}

/** Bytes in an envelope, with the flags that tell what they are. Connect's streams have the same envelopes. */
export function encodeEnvelope(flags: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(ENVELOPE + data.length);
  frame[0] = flags;
  new DataView(frame.buffer).setUint32(1, data.length);
  frame.set(data, ENVELOPE);
  return frame;
}

/** The fields of the trailers that end a stream, good or bad. Native gRPC sends them as such, gRPC-Web in an envelope. */
export function trailerFields(error?: SixfoldError): Record<string, string> {
  if (error === undefined) return { "grpc-status": "0" };
  const message = error.code === "internal" ? "internal error" : error.message;
  return {
    "grpc-status": String(ERROR_CODES[error.code].connect),
    "grpc-message": encodeURIComponent(message),
    ...(error.detail !== undefined && { [DETAIL_HEADER]: error.detail }),
    ...(error.retryable && { "retry-after": RETRY_AFTER }),
  };
}

/** The end of a stream, good or bad. */
export function encodeTrailers(error?: SixfoldError): Uint8Array<ArrayBuffer> {
  const lines = Object.entries(trailerFields(error)).map(([name, value]) => `${name}: ${value}\r\n`);
  return encodeEnvelope(TRAILERS_FLAG, encoder.encode(lines.join("")));
}

/** Reads trailers, from a frame or as headers of an answer that has no body. @returns the error they tell of, if any */
export function errorOfTrailers(trailers: Headers): SixfoldError | undefined {
  const status = Number(trailers.get("grpc-status") ?? Code.Unknown);
  if (status === 0) return undefined;
  const text = trailers.get("grpc-message") ?? "";
  let message = text;
  try {
    message = decodeURIComponent(text);
  } catch { /* it was not percent-encoded */ }
  const detail = trailers.get(DETAIL_HEADER);
  return SixfoldError.from(
    new ConnectError(message, status, detail === null ? undefined : { [DETAIL_HEADER]: detail }),
  );
}

/** The trailers of a frame's bytes. */
export function parseTrailers(data: Uint8Array): Headers {
  const headers = new Headers();
  for (const line of decoder.decode(data).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return headers;
}

/** What stands before the bytes of a block in PutChunk's stream: the envelope and the fields, in canonical order. */
export function putBlockPrefix(number: number, checksum: bigint, dataLength: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(32);
  const blockEnd = writeFramePrefix(block, 0, number, checksum, dataLength);
  return fieldPrefix(BLOCK_TAG, block.subarray(ENVELOPE, blockEnd), dataLength);
}

/**
 * Bytes of the block in a message of PutChunk of so many bytes, if it is written as above. Where a varint grows it may be
 * one off, and for what is too short for a block it is not above 0.
 */
export function putBlockDataLength(messageLength: number): number {
  const less = (dataLength: number) => messageLength - (putBlockPrefix(0, 0n, dataLength).length - ENVELOPE);
  return less(Math.max(0, less(messageLength)));
}

/** What stands before the bytes of a message whose only field holds `dataLength` bytes: envelope, tag and length. */
export function bytesPrefix(field: number, dataLength: number): Uint8Array<ArrayBuffer> {
  return fieldPrefix((field << 3) | 2, new Uint8Array(0), dataLength);
}

/** Envelope, tag, length, and the first bytes of the field itself; `rest` more follow. */
function fieldPrefix(tag: number, first: Uint8Array, rest: number): Uint8Array<ArrayBuffer> {
  const length: number[] = [];
  for (let left = first.length + rest;; left >>>= 7) {
    length.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
    if (left <= 0x7f) break;
  }
  const prefix = new Uint8Array(ENVELOPE + 1 + length.length + first.length);
  new DataView(prefix.buffer).setUint32(1, prefix.length - ENVELOPE + rest);
  prefix[ENVELOPE] = tag;
  prefix.set(length, ENVELOPE + 1);
  prefix.set(first, ENVELOPE + 1 + length.length);
  return prefix;
}

/** A step of PutChunk. */
export type PutStep =
  | { readonly case: "header"; readonly value: ChunkHeader }
  | { readonly case: "block"; readonly value: DecodedBlock }
  | { readonly case: "end"; readonly value: ChunkEnd }
  | { readonly case: undefined };

/**
 * Reads a step of PutChunk; of a block, without a copy of its bytes.
 * @throws SixfoldError `invalid_argument` when the message is malformed
 */
export function decodePutStep(message: Uint8Array): PutStep {
  const block = soleBlock(message);
  if (block !== undefined) return { case: "block", value: decodeBlock(block) };
  try {
    const { part } = fromBinary(PutChunkRequestSchema, message);
    return part.case === undefined ? { case: undefined } : part;
  } catch (cause) {
    throw new SixfoldError("invalid_argument", "this is not a message of PutChunk", { cause });
  }
}

/** The bytes of the block where a message is one block and nothing else; any other message is read by the book. */
function soleBlock(message: Uint8Array): Uint8Array | undefined {
  if (message[0] !== BLOCK_TAG) return undefined;
  let length = 0;
  for (let at = 1, shift = 1; at < 6; at++, shift *= 128) {
    const byte = message[at] ?? 0;
    length += (byte & 0x7f) * shift;
    if (byte < 0x80) return at + 1 + length === message.length ? message.subarray(at + 1) : undefined;
  }
  return undefined;
}
