/**
 * A message that cannot be read is its sender's fault. Connect calls it an error of the server's own, with status 500,
 * before any interceptor could say otherwise, and whoever is woken by those could be woken by anybody. The protocols of
 * gRPC have no status to mend: there, INTERNAL is what their own table says of such a message.
 */
import { readAllBytes, type UniversalServerResponse } from "@connectrpc/connect/protocol";
import { SixfoldError } from "./errors.ts";
import { encodeTrailers } from "./grpc_web.ts";

/** How Connect's words begin for what it could not parse or unpack. */
const UNREAD = /^(parse binary: |received compressed envelope, but do not know how to decompress)/;
const MOST_BYTES = 64 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The answer to a gRPC-Web call that Connect has failed to refuse: its words for what it could not read may quote half a
 * character, and such words have no percent-encoding.
 */
export function refuseUnquotable(cause: unknown, contentType: string | null): Response {
  if (!(cause instanceof URIError)) throw cause;
  return new Response(encodeTrailers(unreadable(cause)), { headers: { "content-type": contentType ?? "" } });
}

/** What a message is that cannot be read. */
export function unreadable(cause: unknown): SixfoldError {
  return new SixfoldError("invalid_argument", "a message of the call cannot be read", { cause });
}

/** Whether it is what Connect throws where it could not read a message. */
export function isUnread({ code, message }: SixfoldError): boolean {
  return code === "internal" && UNREAD.test(message);
}

/** The answer, where it says that a message could not be read as an error of the sender. */
export async function blameSender(response: UniversalServerResponse): Promise<UniversalServerResponse> {
  const { status, header, body } = response;
  if (status !== 500 || body === undefined || header?.get("content-type") !== "application/json") return response;
  const bytes = await readAllBytes(body, MOST_BYTES);
  const said = JSON.parse(decoder.decode(bytes));
  if (!UNREAD.test(said.message)) return { ...response, body: once(bytes) };
  const told = encoder.encode(JSON.stringify({ ...said, code: "invalid_argument" }));
  return { ...response, status: 400, body: once(told) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
