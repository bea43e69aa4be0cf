/** Errors of plain HTTP: problem details (RFC 9457). */
import { RETRY_AFTER, type SixfoldError } from "../../shared/errors.ts";
import { requestId } from "../../shared/request_id.ts";

/** The answer that tells of an error. The message of an internal error stays in the log. @param more headers */
export function problem(error: SixfoldError, request: Request, more: Record<string, string> = {}): Response {
  const { code, detail, httpStatus: status, retryable } = error;
  const title = code === "internal" ? "internal error" : error.message;
  const instance = new URL(request.url).pathname;
  const body = { type: "about:blank", title, status, code, detail, retryable, instance, requestId: requestId() };
  const retry: Record<string, string> = retryable ? { "retry-after": RETRY_AFTER } : {};
  const headers = { "content-type": "application/problem+json", ...retry, ...more };
  return new Response(request.method === "HEAD" ? null : JSON.stringify(body), { status, headers });
}
