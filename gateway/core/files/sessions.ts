/** Uploads in parts: opened, looked at, completed, aborted. */
import { createHash } from "node:crypto";
import { isUuid, newUuid } from "../../../shared/chunk_id.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { endOf, type HashedTile } from "../../../shared/tiling.ts";
import { completeSession, findCompleted, type Shape, shapeOf } from "../../db/completion.ts";
import { findFile } from "../../db/files.ts";
import { findPartSegments, listParts } from "../../db/parts.ts";
import { abortSession, beginSession, declareSize, findSession, type SessionRow } from "../../db/sessions.ts";
import { alreadyExists } from "../../db/uploads.ts";
import { download } from "./download.ts";
import { isLimited, mayWrite, mustStand } from "../access/caller.ts";
import { type FileView, reached, viewOf } from "./files.ts";
import { checkDescription } from "./file_description.ts";
import { noSuchUpload, whyEnded, withSession } from "./session_lease.ts";
import type { Store } from "../segments/store.ts";
import { untilAnswered } from "./until_answered.ts";
import { tooLarge, type UploadRequest } from "./upload.ts";

/** The most sessions that are open at once in a cluster. */
export const MAX_SESSIONS = 10_000;
/** The most parts of a page, and as many as are given when none are asked for. */
export const MAX_PART_PAGE = 1000;

/** A session as callers see it. */
export interface UploadView {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  /** In bytes, where it was declared. */
  readonly size: number | undefined;
  /** Bytes that have arrived. */
  readonly received: number;
  /** Undefined once it is complete. */
  readonly expiresAt: Date | undefined;
  /** Whether it is a part of a file, and becomes none by itself. */
  readonly partial: boolean;
  /** Of what it was put together, in the words of who asked for that; undefined where it was sent itself. */
  readonly madeFrom: string | undefined;
  /** What was said of it when it was opened, in the words of who did. */
  readonly said: string | undefined;
  /** What it became; undefined while it is open. */
  readonly file: FileView | undefined;
}

/** How an upload is opened, besides what its file is to be. */
export interface Opening {
  /** Whether it is a part of a file, and becomes none by itself; it may then have no place, an empty bucket. */
  readonly partial?: boolean;
  /** What is said of it, in the words of who opens it: whoever asks is told the same. */
  readonly said?: string | undefined;
}

/** A page of what has arrived. */
export interface UploadPage {
  readonly upload: UploadView;
  readonly parts: readonly HashedTile[];
  /** Where the next page begins; undefined at the end. */
  readonly next: number | undefined;
}

const decoder = new TextDecoder();

/**
 * Opens a session.
 * @throws SixfoldError `already_exists`, or `resource_exhausted` when too many are open
 */
export async function createUpload(
  store: Store,
  request: UploadRequest,
  { partial = false, said }: Opening = {},
): Promise<UploadView> {
  const { contentType, metadata, ifAbsent } = request;
  const id = newUuid();
  const [bucket, key] = partial && request.bucket === "" ? noPlace(id) : reached("write", request.bucket, request.key);
  checkDescription(request);
  const size = request.size ?? null;
  const sha256 = request.sha256 ?? null;
  if ((size ?? 0) > store.maxFile) throw tooLarge(store.maxFile);
  if (sha256 !== null && sha256.length !== 32) throw new SixfoldError("invalid_argument", "a SHA-256 has 32 bytes");
  if (ifAbsent && await findFile(store.sql, bucket, key)) throw alreadyExists();
  const session = { id, bucket, key, contentType, metadata, ifAbsent, size, sha256, partial, said: said ?? null };
  const row = await beginSession(store.sql, session, store.sessionSeconds, MAX_SESSIONS);
  if (row !== undefined) return viewOfSession(row);
  throw new SixfoldError(
    "resource_exhausted",
    `${MAX_SESSIONS} uploads in parts are open, which is the most; complete or abort some, or try again later`,
  );
}

/** An open session. @throws SixfoldError `not_found`; `failed_precondition` when it is complete */
export async function openUpload(store: Store, id: string): Promise<SessionRow> {
  if (!isUuid(id)) throw noSuchId();
  const row = await findSession(store.sql, id);
  if (row === undefined) throw await whyEnded(store, id);
  if (!mayWrite(row)) throw noSuchUpload();
  return row;
}

/**
 * Says how large the file of a session is that was opened without that.
 * @throws SixfoldError `invalid_argument` where another size was said, or more has arrived; `not_found`
 */
export async function setUploadSize(store: Store, id: string, size: number): Promise<UploadView> {
  await openUpload(store, id);
  if (size > store.maxFile) throw tooLarge(store.maxFile);
  const row = await declareSize(store.sql, id, size);
  if (row === undefined) throw await whyEnded(store, id);
  if (row.size === size) return viewOfSession(row);
  const why = row.size === null ? "more bytes than that have arrived" : `it was declared to be ${row.size} bytes`;
  throw new SixfoldError("invalid_argument", `the file cannot have ${size} bytes: ${why}`);
}

/** What has arrived of a session, from an offset on. @throws SixfoldError `not_found` */
export async function getUpload(store: Store, id: string, from: number, limit: number): Promise<UploadPage> {
  const { sql } = store;
  if (!isUuid(id)) throw noSuchId();
  const session = await findSession(sql, id);
  if (session === undefined) {
    const row = await findCompleted(sql, id);
    if (row === undefined || !mayWrite(row)) throw await whyEnded(store, id);
    const { madeFrom, said, ...found } = row;
    const file = viewOf(found);
    const { bucket, key, size } = file;
    const told = { madeFrom: madeFrom ?? undefined, said: said ?? undefined, partial: false, expiresAt: undefined };
    const upload = { id, bucket, key, size, received: size, ...told, file };
    return { upload, parts: [], next: undefined };
  }
  if (!mayWrite(session)) throw noSuchUpload();
  const most = Math.min(limit || MAX_PART_PAGE, MAX_PART_PAGE);
  const rows = await listParts(sql, id, from, most + 1);
  const parts = rows.slice(0, most).map(({ offset, length, sha256 }) => ({ offset, length, sha256 }));
  return { upload: viewOfSession(session), parts, next: rows[most]?.offset };
}

/**
 * Makes a session's file visible; for 24 hours it may be done again, with the same answer.
 * @param madeFrom of what it was put together, in the words of who asks for that
 * @throws SixfoldError `failed_precondition` that names missing ranges; `not_found`; `invalid_argument` when the bytes do
 * not match the declared SHA-256; in all of these cases nothing has changed
 */
export async function completeUpload(
  store: Store,
  id: string,
  signal: AbortSignal,
  madeFrom: string | null = null,
): Promise<FileView> {
  const { sql, graceSeconds } = store;
  if (!isUuid(id)) throw noSuchId();
  if (isLimited("write") && !await isOwn(store, id)) throw noSuchUpload();
  const verified = await readSha256(store, id, signal);
  await mustStand();
  const file = await untilAnswered(async () => {
    return await completeSession(sql, id, verified, graceSeconds, madeFrom) ?? await findCompleted(sql, id);
  });
  if (file === undefined) throw await whyEnded(store, id);
  return viewOf(file);
}

/** Ends a session, whatever has arrived. One that is not there is ended. @throws SixfoldError `failed_precondition` when it is complete */
export async function abortUpload(store: Store, id: string): Promise<void> {
  const { sql } = store;
  if (!isUuid(id)) return;
  if (isLimited("write") && !await isOwn(store, id)) return;
  if (await findCompleted(sql, id) !== undefined) {
    throw new SixfoldError("failed_precondition", "the upload is complete; delete its file instead");
  }
  await untilAnswered(() => abortSession(sql, id));
}

/** Whether a session, or what it became, is where the caller may write. */
async function isOwn({ sql }: Store, id: string): Promise<boolean> {
  const place = await findSession(sql, id) ?? await findCompleted(sql, id);
  return place !== undefined && mayWrite(place);
}

/** The SHA-256 of all bytes of a session that has declared one, where no request has seen all of them: they are read. */
async function readSha256(store: Store, id: string, caller: AbortSignal): Promise<Shape | null> {
  const session = await findSession(store.sql, id);
  if (session === undefined || session.sha256 === null) return null;
  const shape = shapeOf(session, await listParts(store.sql, id, 0, null));
  if (shape.sha256 !== null) return null;
  const source = { file: { id }, inline: null, segments: await findPartSegments(store.sql, id) };
  if (endOf(source.segments.at(-1) ?? { offset: 0, length: 0 }) !== shape.size) return null;
  return await withSession(store, id, caller, async (signal) => {
    const hash = createHash("sha256");
    const parts = { ...store, snapshot: store.cluster.now };
    for await (const piece of download(parts, source, 0, shape.size, signal)) hash.update(piece);
    return { size: shape.size, sha256: new Uint8Array(hash.digest()) };
  });
}

function viewOfSession({ id, bucket, key, size, received, expiresAt, partial, said }: SessionRow): UploadView {
  const place = { bucket, key: decoder.decode(key) };
  const told = { partial, said: said ?? undefined, madeFrom: undefined };
  return { id, ...place, size: size ?? undefined, received, expiresAt, ...told, file: undefined };
}

/**
 * No bucket, and a key that leads its chunks to servers of its own.
 * @throws SixfoldError where the caller may not write everywhere: whose the upload is would not be known
 */
function noPlace(id: string): readonly [string, Uint8Array] {
  if (!isLimited("write")) return ["", new TextEncoder().encode(id)];
  throw new SixfoldError(
    "invalid_argument",
    "this API key reaches some places only: name bucket and key of each part too",
  );
}

function noSuchId(): SixfoldError {
  return new SixfoldError("not_found", "there is no such upload; its id is a UUID");
}
