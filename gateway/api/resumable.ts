/**
 * Resumable uploads as the IETF drafts them (draft-ietf-httpbis-resumable-upload, interop version 8), on the sessions
 * that all doors share. A PUT of a file that says `Upload-Complete` begins one; at `/resumable/{id}` it is asked about,
 * appended to, and given up. What a request has sent counts when all of it is durable, so nothing is told in between.
 */
import { SixfoldError } from "../../shared/errors.ts";
import { abortUpload, completeUpload, createUpload, setUploadSize, type UploadView } from "../core/files/sessions.ts";
import type { Store } from "../core/segments/store.ts";
import type { UploadRequest } from "../core/files/upload.ts";
import { append, findEnd } from "./append.ts";
import { digestIn } from "./digest.ts";
import { answerInterim } from "./interim.ts";
import { problem } from "./problem.ts";
import { bytesOf, completeOf, lengthOf } from "./resumable_headers.ts";
import { storedAnswer } from "./stored.ts";

const PATH = /^\/resumable\/([^/]+)$/;
const TYPE = "application/partial-upload";
const VERSION = "upload-draft-interop-version";
const INTEROP = "8";
/** `Upload Resumption Supported`. */
const SUPPORTED = 104;
const OPEN = { "upload-complete": "?0" };
const COMPLETE = { "upload-complete": "?1" };

/** Whether a PUT is to be one that can go on. What comes as a whole is a plain one, unless its sender can hear in time where. */
export function isResumable(headers: Headers): boolean {
  const ends = completeOf(headers);
  return ends === false || (ends === true && hearsInterim(headers));
}

/** Begins an upload with what a PUT brings. @throws SixfoldError */
export async function beginResumable(store: Store, asked: UploadRequest, request: Request): Promise<Response> {
  const { headers } = request;
  const sha256 = digestIn(headers, "repr-digest");
  const opened = await createUpload(store, { ...asked, size: lengthOf(request, 0), sha256 });
  const where = { location: `/resumable/${opened.id}`, "upload-limit": limits(store, opened) };
  if (hearsInterim(headers)) answerInterim(request, SUPPORTED, { ...where, [VERSION]: INTEROP });
  return await take(
    store,
    opened,
    0,
    request,
    () => new Response(null, { status: 201, headers: { ...OPEN, ...where } }),
  );
}

/** Answers a request below `/resumable`. @throws SixfoldError */
export async function routeResumable(store: Store, request: Request): Promise<Response> {
  const [, id] = PATH.exec(new URL(request.url).pathname) ?? [];
  if (id === undefined) throw new SixfoldError("not_found", "nothing is served under this path");
  switch (request.method) {
    case "GET":
    case "HEAD":
      return await tell(store, id);
    case "PATCH":
      return await goOn(store, id, request);
    case "DELETE":
      await abortUpload(store, id);
      return new Response(null, { status: 204 });
    default:
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD, PATCH, DELETE", "accept-patch": TYPE } });
  }
}

/** How large a file may be, and how long what is there of it is kept. */
export function limits({ maxFile }: Store, { expiresAt }: Partial<Pick<UploadView, "expiresAt">>): string {
  if (expiresAt === undefined) return `max-size=${maxFile}`;
  return `max-size=${maxFile}, max-age=${Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1000))}`;
}

async function tell(store: Store, id: string): Promise<Response> {
  const { upload, at } = await findEnd(store, id);
  const headers = {
    ...(upload.file === undefined ? OPEN : COMPLETE),
    "upload-offset": String(at),
    ...(upload.size === undefined ? {} : { "upload-length": String(upload.size) }),
    "upload-limit": limits(store, upload),
    "cache-control": "no-store",
  };
  return new Response(null, { status: 204, headers });
}

async function goOn(store: Store, id: string, request: Request): Promise<Response> {
  const { headers, body } = request;
  const [offset, ends] = [bytesOf(headers, "upload-offset"), completeOf(headers)];
  if (headers.get("content-type") !== TYPE) {
    await body?.cancel();
    return new Response(null, { status: 415, headers: { "accept-patch": TYPE } });
  }
  if (offset === undefined || ends === undefined) {
    throw new SixfoldError(
      "invalid_argument",
      "Upload-Offset, a number of bytes, and Upload-Complete, ?0 or ?1, are needed",
    );
  }
  const { upload, at } = await findEnd(store, id);
  if (offset !== at) {
    await body?.cancel();
    const error = new SixfoldError("aborted", `the upload goes on at byte ${at}, not at ${offset}`);
    return problem(error, request, { ...OPEN, "upload-offset": String(at) });
  }
  if (upload.file !== undefined) {
    // The answer that said so may have been lost.
    if (ends && (body === null || headers.get("content-length") === "0")) {
      return storedAnswer(upload.file, 201, COMPLETE);
    }
    throw new SixfoldError("failed_precondition", "the upload is complete, and takes no more bytes");
  }
  const size = lengthOf(request, offset);
  if (size !== undefined) await setUploadSize(store, id, size);
  return await take(store, upload, offset, request, (end) => {
    return new Response(null, { status: 204, headers: { ...OPEN, "upload-offset": String(end) } });
  });
}

/** Stores a body, and makes the file visible where that was its end. @param more answers where it was not */
async function take(
  store: Store,
  { id }: UploadView,
  offset: number,
  request: Request,
  more: (end: number) => Response,
): Promise<Response> {
  let end: number;
  try {
    end = await append(store, id, offset, request, digestIn(request.headers, "content-digest"));
  } catch (error) {
    // Who sends more than was said is not to be believed in the rest either.
    if (SixfoldError.from(error).code === "out_of_range") await abortUpload(store, id);
    throw error;
  }
  if (completeOf(request.headers) !== true) return more(end);
  return storedAnswer(await completeUpload(store, id, request.signal), 201, COMPLETE);
}

function hearsInterim(headers: Headers): boolean {
  return headers.get(VERSION) === INTEROP;
}
