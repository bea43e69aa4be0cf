/** How a request is told that it is not let in: before its body is read, in the protocol that its sender speaks. */
import * as connect from "@connectrpc/connect/protocol-connect";
import { toConnectError } from "../../shared/connect_error.ts";
import { RETRY_AFTER, type SixfoldError } from "../../shared/errors.ts";
import { encodeEnvelope, encodeTrailers } from "../../shared/grpc_web.ts";
import { problem } from "./problem.ts";

const RPC = "/sixfold.v1.";
/** What tells how the gateway is doing is answered however much there is to do. */
const ALWAYS = new Set(["/healthz", "/readyz", "/metrics"]);
const encoder = new TextEncoder();

/** Whether a request is let in however many there are. */
export function isAlwaysLetIn(request: Request): boolean {
  return ALWAYS.has(new URL(request.url).pathname);
}

/** The answer to a request that is not let in. */
export function refuse(request: Request, error: SixfoldError): Response {
  const type = request.headers.get("content-type") ?? "";
  const asks: Record<string, string> = error.code === "unauthenticated" ? { "www-authenticate": "Bearer" } : {};
  const headers = { "content-type": type, ...asks, ...(error.retryable ? { "retry-after": RETRY_AFTER } : {}) };
  if (!new URL(request.url).pathname.startsWith(RPC)) return problem(error, request, asks);
  if (type.startsWith("application/grpc-web")) return new Response(encodeTrailers(error), { headers });
  const told = toConnectError(error);
  if (type.startsWith("application/connect+")) {
    const end = encoder.encode(JSON.stringify(connect.endStreamToJson(told.metadata, told, undefined)));
    return new Response(encodeEnvelope(connect.endStreamFlag, end), { headers });
  }
  const body = connect.errorToJson(told, undefined);
  return Response.json(body, { status: error.httpStatus, headers: { ...headers, "content-type": "application/json" } });
}
