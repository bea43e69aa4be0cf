/** The one error type and the one table of codes: what a Connect client, an HTTP client and a retry see of an error. */
import { Code, ConnectError } from "@connectrpc/connect";

/** For each code its Connect code, its HTTP status, and whether the same call may succeed when tried again. */
export const ERROR_CODES = {
  invalid_argument: { connect: Code.InvalidArgument, http: 400, retryable: false },
  out_of_range: { connect: Code.OutOfRange, http: 400, retryable: false },
  failed_precondition: { connect: Code.FailedPrecondition, http: 400, retryable: false },
  unauthenticated: { connect: Code.Unauthenticated, http: 401, retryable: false },
  permission_denied: { connect: Code.PermissionDenied, http: 403, retryable: false },
  not_found: { connect: Code.NotFound, http: 404, retryable: false },
  aborted: { connect: Code.Aborted, http: 409, retryable: true },
  already_exists: { connect: Code.AlreadyExists, http: 409, retryable: false },
  resource_exhausted: { connect: Code.ResourceExhausted, http: 429, retryable: true },
  canceled: { connect: Code.Canceled, http: 499, retryable: false },
  internal: { connect: Code.Internal, http: 500, retryable: false },
  data_loss: { connect: Code.DataLoss, http: 500, retryable: false },
  unimplemented: { connect: Code.Unimplemented, http: 501, retryable: false },
  unavailable: { connect: Code.Unavailable, http: 503, retryable: true },
  deadline_exceeded: { connect: Code.DeadlineExceeded, http: 504, retryable: true },
} as const;

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a code alone does not say: its HTTP status, and whether trying again is of use. */
const DETAILS = {
  DISK_FULL: { http: 507, retryable: false },
  DISK_ERROR: { http: 503, retryable: false },
  CHECKSUM_MISMATCH: { http: 400, retryable: false },
  PRECONDITION: { http: 412, retryable: false },
  TOO_LARGE: { http: 413, retryable: false },
  RANGE: { http: 416, retryable: false },
} as const;

/** A reason that is finer than a code. */
export type ErrorDetail = keyof typeof DETAILS;

/** The header or trailer that carries the detail between processes. */
export const DETAIL_HEADER = "sixfold-detail";

/** What an error may carry besides code and message. */
export interface ErrorOptions {
  readonly detail?: ErrorDetail;
  readonly cause?: unknown;
}

/** An error of Sixfold. Its message says what happened and what to do, and is fit to be shown to the caller. */
export class SixfoldError extends Error {
  override readonly name = "SixfoldError";
  readonly detail: ErrorDetail | undefined;

  constructor(readonly code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.detail = options.detail;
  }

  /** The HTTP status that tells of this error. */
  get httpStatus(): number {
    return this.detail === undefined ? ERROR_CODES[this.code].http : DETAILS[this.detail].http;
  }

  /** Whether the same call may succeed when it is tried again later. */
  get retryable(): boolean {
    return this.detail === undefined ? ERROR_CODES[this.code].retryable : DETAILS[this.detail].retryable;
  }

  /** Any thrown value as an error of Sixfold; what is not known becomes `internal`, with the cause kept. */
  static from(thrown: unknown): SixfoldError {
    if (thrown instanceof SixfoldError) return thrown;
    if (thrown instanceof ConnectError) return fromConnect(thrown);
    if (thrown instanceof Error) return fromSystem(thrown);
    return new SixfoldError("internal", "internal error", { cause: thrown });
  }

  /** The error as Connect sends it. The message of an internal error stays in the log. */
  toConnect(): ConnectError {
    const message = this.code === "internal" ? "internal error" : this.message;
    const metadata = this.detail === undefined ? undefined : { [DETAIL_HEADER]: this.detail };
    return new ConnectError(message, ERROR_CODES[this.code].connect, metadata, undefined, this);
  }
}

const CODE_OF_CONNECT = new Map<Code, ErrorCode>();
for (const [code, { connect }] of Object.entries(ERROR_CODES)) {
  if (isErrorCode(code)) CODE_OF_CONNECT.set(connect, code);
}

function isErrorCode(text: string): text is ErrorCode {
  return text in ERROR_CODES;
}

function isErrorDetail(text: string | null): text is ErrorDetail {
  return text !== null && text in DETAILS;
}

function fromConnect(error: ConnectError): SixfoldError {
  const code = CODE_OF_CONNECT.get(error.code) ?? "internal";
  const detail = error.metadata.get(DETAIL_HEADER);
  return new SixfoldError(code, error.rawMessage, isErrorDetail(detail) ? { detail, cause: error } : { cause: error });
}

/** No room on a disk, whoever found it out. */
export function diskFull(cause?: unknown): SixfoldError {
  return new SixfoldError("resource_exhausted", "the disk is full; free space or add a server", {
    detail: "DISK_FULL",
    cause,
  });
}

/** Errors of the operating system, by their code and never by their text. */
function fromSystem(error: Error): SixfoldError {
  switch ("code" in error ? error.code : undefined) {
    case "ENOSPC":
    case "EDQUOT":
      return diskFull(error);
    // PostgreSQL, and the way to it.
    case "ECONNREFUSED":
    case "ECONNRESET":
    case "CONNECT_TIMEOUT":
    case "CONNECTION_CLOSED":
    case "CONNECTION_ENDED":
    case "CONNECTION_DESTROYED":
    case "53300":
    case "57P01":
    case "57P02":
    case "57P03":
      return new SixfoldError("unavailable", "the database or a server cannot be reached now; try again", {
        cause: error,
      });
    case "57014":
      return new SixfoldError("deadline_exceeded", "the database took too long; try again", { cause: error });
    case "EIO":
    case "EROFS":
      return new SixfoldError("unavailable", "the disk refuses to work; look at the server's log", {
        detail: "DISK_ERROR",
        cause: error,
      });
    case "ENOENT":
      return new SixfoldError("not_found", "there is nothing under this name", { cause: error });
  }
  if (error.name === "AbortError") return new SixfoldError("canceled", "the caller went away", { cause: error });
  if (error.name === "TimeoutError") {
    return new SixfoldError("deadline_exceeded", "the time for this call is over; try again", { cause: error });
  }
  return new SixfoldError("internal", "internal error", { cause: error });
}
