/** Uploads in parts over plain HTTP, below `/v1/uploads`. */
import { Buffer } from "node:buffer";
import { SixfoldError } from "../../shared/errors.ts";
import type { FileView } from "../core/files/files.ts";
import { storePart } from "../core/files/parts.ts";
import { abortUpload, completeUpload, createUpload, getUpload, type UploadView } from "../core/files/sessions.ts";
import type { Store } from "../core/segments/store.ts";
import { etagOf } from "./conditions.ts";
import { declaredSha256 } from "./digest.ts";
import { readUploadForm } from "./upload_form.ts";

const PATH = /^\/v1\/uploads(?:\/([^/]+)(?:\/(complete|parts\/(\d{1,15})))?)?$/;

/** Answers a request below `/v1/uploads`. @throws SixfoldError */
export async function routeUpload(store: Store, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const [whole, id, below, offset] = PATH.exec(pathname) ?? [];
  if (whole === undefined) throw new SixfoldError("not_found", "nothing is served under this path");
  if (id === undefined) return request.method === "POST" ? await create(store, request) : onlyTakes("POST");
  if (offset !== undefined) {
    return request.method === "PUT" ? await putPart(store, id, Number(offset), request) : onlyTakes("PUT");
  }
  if (below === "complete") {
    return request.method === "POST" ? await complete(store, id, request) : onlyTakes("POST");
  }
  if (request.method === "GET") return await look(store, id, searchParams);
  if (request.method !== "DELETE") return onlyTakes("GET, DELETE");
  await abortUpload(store, id);
  return new Response(null, { status: 204 });
}

async function create(store: Store, request: Request): Promise<Response> {
  const upload = await createUpload(store, await readUploadForm(request));
  return Response.json(told(upload), { status: 201, headers: { location: `/v1/uploads/${upload.id}` } });
}

async function putPart(store: Store, uploadId: string, offset: number, request: Request): Promise<Response> {
  const length = request.headers.get("content-length");
  const part = await storePart(
    store,
    {
      uploadId,
      offset,
      length: length === null ? undefined : Number(length),
      sha256: declaredSha256(request.headers),
      keepsCut: true,
    },
    request.body ?? new ReadableStream({ start: (controller) => controller.close() }),
    request.signal,
  );
  return Response.json({ ...part, sha256: hex(part.sha256) });
}

async function look(store: Store, id: string, query: URLSearchParams): Promise<Response> {
  const number = (name: string) => {
    const value = Number(query.get(name) ?? 0);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new SixfoldError("invalid_argument", `${name} is a whole number`);
  };
  const { upload, parts, next } = await getUpload(store, id, number("from"), number("limit"));
  return Response.json({
    ...told(upload),
    parts: parts.map((part) => ({ ...part, sha256: hex(part.sha256) })),
    ...(next === undefined ? {} : { next }),
  });
}

async function complete(store: Store, id: string, request: Request): Promise<Response> {
  const file = await completeUpload(store, id, request.signal);
  return Response.json(toldFile(file), { headers: { etag: etagOf(file) } });
}

function told({ id, bucket, key, size, received, expiresAt, file }: UploadView) {
  return { id, bucket, key, size, received, expiresAt, ...(file === undefined ? {} : { file: toldFile(file) }) };
}

function toldFile({ id, bucket, key, size, contentType, sha256, treeSha256, createdAt }: FileView) {
  const hash = sha256 === null ? { treeSha256: treeSha256 && hex(treeSha256) } : { sha256: hex(sha256) };
  return { id, bucket, key, size, contentType, ...hash, createdAt };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function onlyTakes(allow: string): Response {
  return new Response(null, { status: 405, headers: { allow } });
}
