/** Plain HTTP: requests in, core calls, responses out. Errors are problem details (RFC 9457). */
import { Elysia } from "elysia";
import { type ByteRange, parseByteRange } from "../../shared/byte_range.ts";
import { SixfoldError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { KeptTraces } from "../../shared/telemetry_kept.ts";
import { METRICS_TYPE } from "../../shared/telemetry_metrics.ts";
import { download, readInline } from "../core/files/download.ts";
import { deleteKey, type FileView, findFileAt, readManifest, undeleteKey, viewOf } from "../core/files/files.ts";
import { listPage } from "../core/files/list.ts";
import type { Readiness } from "../core/cluster/readiness.ts";
import type { Store } from "../core/segments/store.ts";
import { streamPieces } from "../core/files/stream_pieces.ts";
import { upload } from "../core/files/upload.ts";
import { etagOf, matches, mustNotChange } from "./conditions.ts";
import { declaredSha256 } from "./digest.ts";
import { fileAddress, UNDELETE } from "./file_address.ts";
import { headersOf, metadataOf } from "./metadata.ts";
import { readForm } from "./multipart.ts";
import { problem } from "./problem.ts";
import { beginResumable, isResumable, limits, routeResumable } from "./resumable.ts";
import { storedAnswer } from "./stored.ts";
import { routeTraces } from "./trace_rpcs.ts";
import { routeTus } from "./tus.ts";
import { routeUpload } from "./upload_routes.ts";
import { WholeAnswer } from "./whole_answer.ts";

/** Types that a browser would run or render as a page are only ever saved. */
const PASSIVE = /^(image\/(png|jpeg|gif|webp|avif)|audio\/|video\/|text\/plain)/i;

/** REST. */
export interface Rest {
  handle(request: Request): Promise<Response>;
  /** What is routed, as Elysia writes it. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}

/** What a gateway tells of itself. */
export interface Insight {
  readonly readiness: () => Promise<Readiness>;
  /** All values as Prometheus reads them. */
  readonly metrics: () => Promise<string>;
  /** The last requests; undefined where none are kept. */
  readonly kept: KeptTraces | undefined;
}

/** The routes of REST. */
export function createRest(store: Store, { readiness, metrics, kept }: Insight, log: Logger): Rest {
  const app = new Elysia()
    .get("/healthz", () => "ok\n")
    .get("/readyz", async () => {
      const state = await readiness();
      return Response.json(state, { status: state.ready ? 200 : 503 });
    })
    .get("/metrics", async () => new Response(await metrics(), { headers: { "content-type": METRICS_TYPE } }))
    .get("/v1/traces", ({ request }) => answer(request, log, () => traces(kept, request)))
    .get("/v1/traces/:id", ({ request }) => answer(request, log, () => traces(kept, request)))
    .get("/v1/files", ({ request }) => answer(request, log, () => list(store, request)))
    .post("/v1/files", ({ request }) => answer(request, log, () => postForm(store, request)), { parse: "none" })
    .all("/v1/files/:bucket/*", ({ request }) => answer(request, log, () => file(store, request, log)), {
      parse: "none",
    })
    .post("/v1/undelete/:bucket/*", ({ request }) => answer(request, log, () => undelete(store, request)), {
      parse: "none",
    })
    .all("/v1/uploads", ({ request }) => answer(request, log, () => routeUpload(store, request)), { parse: "none" })
    .all("/v1/uploads/*", ({ request }) => answer(request, log, () => routeUpload(store, request)), { parse: "none" })
    .all("/tus", ({ request }) => answer(request, log, () => routeTus(store, request)), { parse: "none" })
    .all("/tus/*", ({ request }) => answer(request, log, () => routeTus(store, request)), { parse: "none" })
    .all("/resumable/*", ({ request }) => answer(request, log, () => routeResumable(store, request)), { parse: "none" })
    .all("/*", ({ request }) => problem(new SixfoldError("not_found", "nothing is served under this path"), request));
  return { handle: async (request) => await app.handle(request), routes: app.routes };
}

/** What the route answers; an error becomes a problem, and the rest of the request's body is let go. */
async function answer(request: Request, log: Logger, route: () => Promise<Response>): Promise<Response> {
  try {
    return await route();
  } catch (thrown) {
    const error = SixfoldError.from(thrown);
    const write = error.code === "internal" ? log.error : log.debug;
    write("request failed", { code: error.code, error: thrown });
    await request.body?.cancel().catch(() => {});
    return problem(error, request);
  }
}

async function traces(kept: KeptTraces | undefined, request: Request): Promise<Response> {
  return await Promise.resolve(routeTraces(kept, request));
}

async function file(store: Store, request: Request, log: Logger): Promise<Response> {
  const { bucket, key } = fileAddress(request);
  switch (request.method) {
    case "PUT":
      return await put(store, bucket, key, request);
    case "GET":
      return await get(store, bucket, key, request, log);
    case "HEAD":
      return await head(store, bucket, key, request);
    case "DELETE":
      return await remove(store, bucket, key);
    default:
      return otherwise(store, request);
  }
}

async function list(store: Store, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const text = (name: string) => searchParams.get(name) ?? "";
  const limit = Number(text("limit"));
  if (!Number.isInteger(limit) || limit < 0) throw new SixfoldError("invalid_argument", "limit is a whole number");
  const page = await listPage(store, {
    bucket: text("bucket"),
    prefix: text("prefix"),
    delimiter: text("delimiter"),
    cursor: text("cursor"),
    limit,
  });
  const files = page.files.map(({ id, key, size, contentType, createdAt }) => {
    return { id, key, size, contentType, createdAt };
  });
  return Response.json({ files, prefixes: page.prefixes, cursor: page.cursor });
}

async function put(store: Store, bucket: string, key: string, request: Request): Promise<Response> {
  const { headers } = request;
  const length = headers.get("content-length");
  const asked = {
    bucket,
    key,
    contentType: headers.get("content-type") || "application/octet-stream",
    metadata: metadataOf(headers),
    size: length === null ? undefined : Number(length),
    sha256: declaredSha256(headers),
    ifAbsent: headers.get("if-none-match") === "*",
  };
  if (isResumable(headers)) return await beginResumable(store, asked, request);
  const body = request.body ?? new ReadableStream({ start: (controller) => controller.close() });
  return storedAnswer(await upload(store, asked, streamPieces(body), request.signal), 201);
}

/** What is told of a file's path to whoever asks what can be done there, or does something else. */
function otherwise(store: Store, { method }: Request): Response {
  const allow = "GET, HEAD, PUT, DELETE, OPTIONS";
  if (method !== "OPTIONS") return new Response(null, { status: 405, headers: { allow } });
  return new Response(null, { status: 204, headers: { allow, "upload-limit": limits(store, {}) } });
}

/** A file from a web page's form. */
async function postForm(store: Store, request: Request): Promise<Response> {
  const { body, ...form } = await readForm(request);
  const asked = { ...form, metadata: {}, size: undefined, sha256: undefined, ifAbsent: false };
  return storedAnswer(await upload(store, asked, body, request.signal), 201);
}

async function remove(store: Store, bucket: string, key: string): Promise<Response> {
  const id = await deleteKey(store, bucket, key);
  const headers = { "sixfold-deleted-id": id, "sixfold-restorable-seconds": String(store.graceSeconds) };
  return new Response(null, { status: 204, headers });
}

async function undelete(store: Store, request: Request): Promise<Response> {
  const { bucket, key } = fileAddress(request, UNDELETE);
  const id = new URL(request.url).searchParams.get("id") ?? "";
  return storedAnswer(await undeleteKey(store, bucket, key, id), 200);
}

async function head(store: Store, bucket: string, key: string, { headers }: Request): Promise<Response> {
  const file = await findFileAt(store, bucket, key);
  if (matches(headers, file) === "unchanged") return new Response(null, { status: 304, headers: describe(file) });
  return new Response(null, { headers: { ...describe(file), "content-length": String(file.size) } });
}

async function get(store: Store, bucket: string, key: string, request: Request, log: Logger): Promise<Response> {
  const started = await store.windows.starting.turn(request.signal);
  try {
    return await read(store, bucket, key, request, log);
  } finally {
    started();
  }
}

/** The answer to a read, once its first piece is there. */
async function read(store: Store, bucket: string, key: string, request: Request, log: Logger): Promise<Response> {
  const manifest = await readManifest(store, bucket, key);
  const file = viewOf(manifest.file);
  const headers = describe(file);
  if (matches(request.headers, file) === "unchanged") return new Response(null, { status: 304, headers });
  const asked = mustNotChange(request.headers, file) ? request.headers.get("range") : null;
  const range = parseByteRange(asked, file.size);
  if (range === "unsatisfiable") {
    const error = new SixfoldError("out_of_range", `the file has ${file.size} bytes`, { detail: "RANGE" });
    return problem(error, request, { "content-range": `bytes */${file.size}` });
  }
  const { offset, length }: ByteRange = range === "whole" ? { offset: 0, length: file.size } : range;
  const part = range === "whole" ? {} : { "content-range": `bytes ${offset}-${offset + length - 1}/${file.size}` };
  const answer = { status: range === "whole" ? 200 : 206, headers: { ...headers, ...part } };
  if (manifest.inline !== null) {
    return new WholeAnswer(answer.status, answer.headers, readInline(file.id, manifest.inline, offset, length));
  }
  const stop = new AbortController();
  const pieces = download(
    { ...store, snapshot: store.cluster.now },
    manifest,
    offset,
    length,
    stop.signal,
  );
  // The first piece is verified before the status is sent: a file that is lost is an error and not a broken transfer.
  let next: IteratorResult<Uint8Array> | undefined = await pieces.next();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const step = next ?? await pieces.next();
        next = undefined;
        if (step.done) controller.close();
        else controller.enqueue(step.value);
      } catch (error) {
        log.error("a download ended early", { fileId: file.id, error });
        controller.error(error);
      }
    },
    async cancel() {
      stop.abort(new SixfoldError("canceled", "the reader went away"));
      await pieces.return(undefined);
    },
  }, { highWaterMark: 0 });
  return new Response(body, { ...answer, headers: { ...answer.headers, "content-length": String(length) } });
}

function describe(file: FileView): Record<string, string> {
  const name = encodeURIComponent(file.key.slice(file.key.lastIndexOf("/") + 1)).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const kind = PASSIVE.test(file.contentType) ? "inline" : "attachment";
  const digest = file.sha256 && btoa(String.fromCharCode(...file.sha256));
  return {
    "content-type": file.contentType,
    "content-disposition": `${kind}; filename*=UTF-8''${name}`,
    etag: etagOf(file),
    "last-modified": file.createdAt.toUTCString(),
    "accept-ranges": "bytes",
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    ...(digest ? { "repr-digest": `sha-256=:${digest}:` } : {}),
    ...headersOf(file.metadata),
  };
}
