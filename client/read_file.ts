/** The bytes of a file as they come from gateways: broken connections are gone on from, and every byte is counted. */
import { SixfoldError } from "../shared/errors.ts";
import { type AnswerBody, canceled, type Gateways } from "./gateways.ts";
import { connectionFailure } from "./failure.ts";
import { fileOfHeaders, type StoredFile } from "./stored_file.ts";

/** What to read. */
export interface ReadRequest {
  readonly path: string;
  readonly bucket: string;
  readonly key: string;
  /** The first byte. */
  readonly offset: number;
  /** Undefined for all that is there. */
  readonly length: number | undefined;
  /** Only this version; undefined for the one that is there. */
  readonly id: string | undefined;
}

/** A file, and the answer that brings its bytes. */
export interface OpenFile {
  readonly file: StoredFile;
  /** How many bytes are coming. */
  readonly length: number;
  readonly body: AnswerBody | null;
}

const PATIENCE_MS = 60_000;
/** How long a gateway may send nothing in the middle of a body. */
const STALL_MS = 30_000;

/** Asks for a file. @throws SixfoldError; `aborted` when it is another version by now */
export async function openFile(
  gateways: Gateways,
  { path, bucket, key, offset, length, id }: ReadRequest,
  signal: AbortSignal,
  patienceMs?: number,
): Promise<OpenFile> {
  if (length === 0) throw new SixfoldError("out_of_range", "a range has at least one byte");
  const whole = offset === 0 && length === undefined;
  const range = whole ? {} : { range: `bytes=${offset}-${length === undefined ? "" : offset + length - 1}` };
  const headers = { ...range, "accept-encoding": "identity", ...(id === undefined ? {} : { "if-match": `"${id}"` }) };
  const patience = patienceMs === undefined ? {} : { patienceMs };
  try {
    return await gateways.send({ path, headers, signal, ...patience }, (response) => {
      const file = fileOfHeaders(bucket, key, response);
      const expected = Math.min(length ?? Infinity, file.size - offset);
      if (!whole && response.status !== 206) throw new SixfoldError("internal", "the gateway ignores ranges");
      return Promise.resolve({ file, length: expected, body: response.body });
    });
  } catch (error) {
    if (!(error instanceof SixfoldError) || error.detail !== "PRECONDITION") throw error;
    throw new SixfoldError("aborted", "the file was replaced while it was read; read it again", { cause: error });
  }
}

/** All bytes of what was opened; where a connection breaks, it goes on from there, if need be through another gateway. */
export async function* readBytes(
  gateways: Gateways,
  request: ReadRequest,
  { file, length, body }: OpenFile,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let left = length;
  let source = body;
  let goodUntil = Date.now();
  while (left > 0) {
    try {
      for await (const piece of piecesOf(source, signal)) {
        goodUntil = Date.now();
        left -= piece.length;
        if (left < 0) throw new SixfoldError("data_loss", "the gateway sent more bytes than the file has");
        yield piece;
      }
      if (left > 0) throw new SixfoldError("unavailable", "the connection ended before the file did");
    } catch (thrown) {
      if (signal.aborted) throw canceled(signal);
      const error = connectionFailure(thrown, "the gateway");
      if (!error.retryable || Date.now() - goodUntil > PATIENCE_MS) throw error;
      const rest = { ...request, offset: request.offset + length - left, length: left, id: file.id };
      source = (await openFile(gateways, rest, signal, PATIENCE_MS)).body;
    }
  }
}

/** A body as it comes; one that brings nothing for too long is an error. Leaving early ends the connection. */
export async function* piecesOf(
  body: AnswerBody | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (body === null) return;
  const reader = body.getReader();
  let finished = false;
  try {
    for (;;) {
      const step = await inTime(reader.read(), signal);
      finished = step.done === true;
      if (step.done) return;
      yield step.value as Uint8Array<ArrayBuffer>;
    }
  } finally {
    if (!finished) void reader.cancel().catch(() => {});
  }
}

async function inTime<T>(read: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const late = setTimeout(() => reject(new DOMException("nothing came", "TimeoutError")), STALL_MS);
    const gone = () => reject(signal.reason);
    signal.addEventListener("abort", gone);
    read.then(resolve, reject).finally(() => {
      clearTimeout(late);
      signal.removeEventListener("abort", gone);
    });
  });
}
