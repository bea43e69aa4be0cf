/** Errors of Sixfold as Connect sends them. */
import { ConnectError } from "@connectrpc/connect";
import { DETAIL_HEADER, ERROR_CODES, RETRY_AFTER, type SixfoldError } from "./errors.ts";

/** The error for Connect's handlers. The message of an internal error stays in the log. */
export function toConnectError(error: SixfoldError): ConnectError {
  const message = error.code === "internal" ? "internal error" : error.message.toWellFormed();
  const metadata = new Headers();
  if (error.detail !== undefined) metadata.set(DETAIL_HEADER, error.detail);
  if (error.retryable) metadata.set("retry-after", RETRY_AFTER);
  return new ConnectError(message, ERROR_CODES[error.code].connect, metadata, undefined, error);
}
