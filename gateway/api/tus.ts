/**
 * tus 1.0 (https://tus.io/protocols/resumable-upload) at `/tus`, on the sessions that all doors share: creation,
 * creation-defer-length, creation-with-upload, expiration, termination, checksum with SHA-256, and concatenation. A
 * session knows nothing of tus, so what one door has begun another one goes on with, on any gateway. Two PATCHes at once
 * need no lock: a session keeps each byte once, and the one that comes second is told where to go on.
 */
import { SixfoldError } from "../../shared/errors.ts";
import { concatenate } from "../core/files/concatenate.ts";
import { abortUpload, completeUpload, createUpload, setUploadSize, type UploadView } from "../core/files/sessions.ts";
import type { Store } from "../core/segments/store.ts";
import { append, findEnd } from "./append.ts";
import { problem } from "./problem.ts";
import { checksumOf, concatOf, isDeferred, metadataOf, wholeNumber } from "./tus_headers.ts";

const VERSION = "1.0.0";
const EXTENSIONS = "creation,creation-defer-length,creation-with-upload,expiration,termination,checksum,concatenation";
const CONCAT = "upload-concat";
const METADATA = "upload-metadata";
const OFFSET_TYPE = "application/offset+octet-stream";
const PATH = /^\/tus(?:\/([^/]+))?\/?$/;
/** What tus answers where a checksum does not match. */
const CHECKSUM_STATUS = 460;

/** Answers a request at or below `/tus`. @throws SixfoldError */
export async function routeTus(store: Store, request: Request): Promise<Response> {
  const [whole, id] = PATH.exec(new URL(request.url).pathname) ?? [];
  if (whole === undefined) throw new SixfoldError("not_found", "nothing is served under this path");
  const method = request.headers.get("x-http-method-override") ?? request.method;
  if (method === "OPTIONS") return answer(204, abilities(store));
  const takes = id === undefined ? ["POST"] : ["HEAD", "PATCH", "DELETE"];
  if (!takes.includes(method)) return answer(405, { allow: ["OPTIONS", ...takes].join(", ") });
  if (request.headers.get("tus-resumable") !== VERSION) {
    const error = new SixfoldError("failed_precondition", `send Tus-Resumable: ${VERSION}`, { detail: "PRECONDITION" });
    return problem(error, request, { "tus-version": VERSION });
  }
  if (id === undefined) return await create(store, request);
  if (method === "HEAD") return await tell(store, id, request.signal);
  if (method === "PATCH") return await goOn(store, id, request);
  await abortUpload(store, id);
  return answer(204, {});
}

async function create(store: Store, request: Request): Promise<Response> {
  const { headers, signal } = request;
  const concat = concatOf(headers);
  const said = headers.get(METADATA) ?? undefined;
  const named = { ...placeOf(headers, concat === "partial"), metadata: {}, sha256: undefined, ifAbsent: false };
  if (typeof concat === "object") {
    const whole = await concatenate(store, concat.final, headers.get(CONCAT) ?? "", named, said, signal);
    return answer(201, { location: `/tus/${whole.id}`, ...stateOf(whole, whole.received) });
  }
  const size = isDeferred(headers) ? undefined : wholeNumber(headers, "upload-length");
  const upload = await createUpload(store, { ...named, size }, { partial: concat === "partial", said });
  const location = { location: `/tus/${upload.id}` };
  const hasBody = headers.get("content-type") === OFFSET_TYPE;
  if (!hasBody && size !== 0) return answer(201, { ...location, ...stateOf(upload, 0) });
  const offset = hasBody ? await append(store, upload.id, 0, request, checksumOf(headers)) : 0;
  return answer(201, { ...location, ...await reached(store, upload, offset, signal) });
}

/** Where a file goes, and of which type it is. @throws SixfoldError where that is not said, and it is no part of one */
function placeOf(headers: Headers, isPartial: boolean) {
  const { bucket, key, filename, name, filetype, type } = metadataOf(headers);
  const path = key ?? filename ?? name;
  const contentType = filetype ?? type ?? "application/octet-stream";
  if (bucket !== undefined && path !== undefined) return { bucket, key: path, contentType };
  if (isPartial && bucket === undefined) return { bucket: "", key: "", contentType };
  throw new SixfoldError("invalid_argument", "Upload-Metadata names a bucket, and a key or a filename, in base64");
}

async function goOn(store: Store, id: string, request: Request): Promise<Response> {
  const { headers } = request;
  if (headers.get("content-type") !== OFFSET_TYPE) {
    await request.body?.cancel();
    return answer(415, {});
  }
  const offset = wholeNumber(headers, "upload-offset");
  const { upload: known, at } = await findEnd(store, id);
  // What was put together takes no bytes of its own.
  if (known.madeFrom !== undefined) return answer(403, {});
  if (offset !== at) throw new SixfoldError("aborted", `the upload goes on at byte ${at}, not at ${offset}`);
  const isOpen = known.file === undefined;
  // A length that was deferred comes with any PATCH, most often the last one.
  const upload = isOpen && headers.has("upload-length")
    ? await setUploadSize(store, id, wholeNumber(headers, "upload-length"))
    : known;
  try {
    const end = isOpen ? await append(store, id, offset, request, checksumOf(headers)) : at;
    return answer(204, await reached(store, upload, end, request.signal));
  } catch (thrown) {
    const error = SixfoldError.from(thrown);
    if (error.detail !== "CHECKSUM_MISMATCH") throw error;
    return answer(CHECKSUM_STATUS, {});
  }
}

/** Whoever asks once all bytes are there has the file completed: its last PATCH may have been cut before that. */
async function tell(store: Store, id: string, signal: AbortSignal): Promise<Response> {
  const { upload, at } = await findEnd(store, id);
  const state = upload.file === undefined ? await reached(store, upload, at, signal) : stateOf(upload, at);
  const said = upload.said === undefined ? {} : { [METADATA]: upload.said };
  return answer(200, { ...state, ...said, "cache-control": "no-store" });
}

/** Makes the file visible once all of it is there, and it is no part of one. @returns what is told of the upload */
async function reached(store: Store, upload: UploadView, at: number, signal: AbortSignal) {
  if (upload.partial || at !== upload.size) return stateOf(upload, at);
  await completeUpload(store, upload.id, signal);
  return stateOf({ ...upload, expiresAt: undefined }, at);
}

function stateOf({ size, expiresAt, partial, madeFrom }: UploadView, at: number): Record<string, string> {
  return {
    "upload-offset": String(at),
    ...(size === undefined ? { "upload-defer-length": "1" } : { "upload-length": String(size) }),
    ...(partial ? { [CONCAT]: "partial" } : {}),
    ...(madeFrom === undefined ? {} : { [CONCAT]: madeFrom }),
    ...(expiresAt === undefined ? {} : { "upload-expires": expiresAt.toUTCString() }),
  };
}

function abilities({ maxFile }: Store): Record<string, string> {
  return {
    "tus-version": VERSION,
    "tus-extension": EXTENSIONS,
    "tus-max-size": String(maxFile),
    "tus-checksum-algorithm": "sha256",
  };
}

function answer(status: number, headers: Record<string, string>): Response {
  return new Response(null, { status, headers: { "tus-resumable": VERSION, ...headers } });
}
