/** The one error type and the one table of codes: what a Connect client, an HTTP client and a retry see of an error. */

/** For each code its number in gRPC and Connect, its HTTP status, and whether the same call may succeed when tried again. */
export const ERROR_CODES = {
  invalid_argument: { connect: 3, http: 400, retryable: false },
  out_of_range: { connect: 11, http: 400, retryable: false },
  failed_precondition: { connect: 9, http: 400, retryable: false },
  unauthenticated: { connect: 16, http: 401, retryable: false },
  permission_denied: { connect: 7, http: 403, retryable: false },
  not_found: { connect: 5, http: 404, retryable: false },
  aborted: { connect: 10, http: 409, retryable: true },
  already_exists: { connect: 6, http: 409, retryable: false },
  resource_exhausted: { connect: 8, http: 429, retryable: true },
  canceled: { connect: 1, http: 499, retryable: false },
  internal: { connect: 13, http: 500, retryable: false },
  data_loss: { connect: 15, http: 500, retryable: false },
  unimplemented: { connect: 12, http: 501, retryable: false },
  unavailable: { connect: 14, http: 503, retryable: true },
  deadline_exceeded: { connect: 4, http: 504, retryable: true },
} as const;

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a code alone does not say: its HTTP status, and whether trying again is of use. */
const DETAILS = {
  DISK_FULL: { http: 507, retryable: false },
  DISK_ERROR: { http: 503, retryable: false },
  /** Another daemon listens where the one was that is meant, or this one's identity was taken over. */
  WRONG_SERVER: { http: 503, retryable: true },
  CHECKSUM_MISMATCH: { http: 400, retryable: false },
  PRECONDITION: { http: 412, retryable: false },
  TOO_LARGE: { http: 413, retryable: false },
  RANGE: { http: 416, retryable: false },
} as const;

/** A reason that is finer than a code. */
export type ErrorDetail = keyof typeof DETAILS;

/** The header or trailer that carries the detail between processes. */
export const DETAIL_HEADER = "sixfold-detail";

/** When to try again, in seconds, said as `Retry-After` of every error that is worth it. Clients add their own jitter. */
export const RETRY_AFTER = "1";

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
    if (isConnectError(thrown)) return fromConnect(thrown);
    if (thrown instanceof Error) return fromSystem(thrown);
    return new SixfoldError("internal", "internal error", { cause: thrown });
  }
}

const CODE_OF_CONNECT = new Map<number, ErrorCode>();
for (const [code, { connect }] of Object.entries(ERROR_CODES)) {
  if (isErrorCode(code)) CODE_OF_CONNECT.set(connect, code);
}

/** Whether a text is a code of the table. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === "string" && text in ERROR_CODES;
}

/** Whether a text is a detail of the table. */
export function isErrorDetail(text: unknown): text is ErrorDetail {
  return typeof text === "string" && text in DETAILS;
}

/** What is read of a ConnectError. It is known by its name: this module goes where Connect's runtime is not. */
interface ForeignError extends Error {
  readonly code: number;
  readonly rawMessage: string;
  readonly metadata: Headers;
}

function isConnectError(thrown: unknown): thrown is ForeignError {
  return thrown instanceof Error && thrown.name === "ConnectError" && "rawMessage" in thrown && "metadata" in thrown;
}

function fromConnect(error: ForeignError): SixfoldError {
  const code = CODE_OF_CONNECT.get(error.code) ?? "internal";
  const detail = error.metadata.get(DETAIL_HEADER);
  return new SixfoldError(code, error.rawMessage, isErrorDetail(detail) ? { detail, cause: error } : { cause: error });
}

/**
 * Why a process does not start, for whoever starts it: what cannot be reached, or lets nobody in, is named here, as it
 * never is to callers. A mistake of ours is shown as it is.
 */
export function startFailure(thrown: unknown): unknown {
  const { code, message, cause } = SixfoldError.from(thrown);
  if (code === "internal") return thrown;
  return code === "unavailable" && cause instanceof Error ? `${message} (${cause.message})` : message;
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
    case "EMFILE":
    case "ENFILE":
      return new SixfoldError("unavailable", "too many files are open; raise the limit (ulimit -n), or try again", {
        cause: error,
      });
    case "EIO":
    case "EROFS":
      return new SixfoldError("unavailable", "the disk refuses to work; look at the server's log", {
        detail: "DISK_ERROR",
        cause: error,
      });
    case "ENOENT":
      return new SixfoldError("not_found", "there is nothing under this name", { cause: error });
  }
  const database = fromPostgres(error);
  if (database !== undefined) return database;
  if (error.name === "AbortError") return new SixfoldError("canceled", "the caller went away", { cause: error });
  if (error.name === "TimeoutError") {
    return new SixfoldError("deadline_exceeded", "the time for this call is over; try again", { cause: error });
  }
  return new SixfoldError("internal", "internal error", { cause: error });
}

/**
 * What PostgreSQL says, and what the way to it says, as a code and a sentence; a class stands for all of its codes that are
 * not listed. An error that is not here is a mistake of ours.
 */
const POSTGRES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ECONNREFUSED: ["unavailable", "the database or a server cannot be reached now; try again"],
  ECONNRESET: ["unavailable", "the database or a server cannot be reached now; try again"],
  EPIPE: ["unavailable", "the database or a server cannot be reached now; try again"],
  CONNECT_TIMEOUT: ["unavailable", "the database cannot be reached now; try again"],
  CONNECTION_CLOSED: ["unavailable", "the connection to the database broke; try again"],
  CONNECTION_ENDED: ["unavailable", "the connection to the database broke; try again"],
  CONNECTION_DESTROYED: ["unavailable", "the connection to the database broke; try again"],
  "08": ["unavailable", "the connection to the database broke; try again"],
  "22003": ["invalid_argument", "a number of this call is larger than any that there can be"],
  "23505": ["already_exists", "it exists already"],
  "25006": ["unavailable", "the database takes no writes now; try again"],
  "25P03": ["unavailable", "the database gave up waiting for this call; try again"],
  "25P04": ["deadline_exceeded", "the database took too long; try again"],
  "28": ["unavailable", "the database lets nobody in with the user and password of DATABASE_URL"],
  "3D000": ["unavailable", "there is no database of the name that DATABASE_URL gives"],
  "40": ["aborted", "others changed the same things at the same time; try again"],
  "53": ["unavailable", "the database is out of room, memory or connections; look at its log, or try again"],
  "55P03": ["deadline_exceeded", "others held what this call needs for too long; try again"],
  "57": ["unavailable", "the database stops or starts; try again"],
  "57014": ["deadline_exceeded", "the database took too long; try again"],
  "58": ["unavailable", "the database's disk refuses to work; look at its log"],
};

function fromPostgres(cause: Error): SixfoldError | undefined {
  const code = "code" in cause ? String(cause.code) : "";
  const known = POSTGRES[code] ?? (/^[0-9A-Z]{5}$/.test(code) ? POSTGRES[code.slice(0, 2)] : undefined);
  return known && new SixfoldError(known[0], known[1], { cause });
}
