/** Stores a part of a session: a range of bytes that is written where nothing is yet, and compared where something is. */
import { createHash } from "node:crypto";
import { SixfoldError } from "../../../shared/errors.ts";
import { annotate, inSpan } from "../../../shared/telemetry.ts";
import type { HashedTile } from "../../../shared/tiling.ts";
import {
  abandonParts,
  beyondSize,
  findPartFrom,
  inTheWay,
  type NewPart,
  type PartRow,
  storeParts,
} from "../../db/parts.ts";
import { type SessionRow, takeSegment } from "../../db/sessions.ts";
import type { StoredSegment, StrayChunk } from "../../db/uploads.ts";
import { BodyReader } from "../segments/body_reader.ts";
import { mustStand } from "../access/caller.ts";
import { fileBytes } from "../telemetry/metrics.ts";
import { writeSegments } from "../segments/segments.ts";
import { whyEnded, withSession } from "./session_lease.ts";
import { openUpload } from "./sessions.ts";
import type { Store } from "../segments/store.ts";
import { untilAnswered } from "./until_answered.ts";
import { tooLarge } from "./upload.ts";

/** The most rows of parts that a session has, and the most tries to write one. */
const MAX_PARTS = 10_000;
const MAX_SEGMENTS = 4 * MAX_PARTS;
const COMPARED_AT_ONCE = 256 * 1024;

/** What a user sends. */
export interface PartRequest {
  readonly uploadId: string;
  /** The place of the first byte in the file. */
  readonly offset: number;
  /** In bytes, where declared: refused at once when the file has no room for it. */
  readonly length: number | undefined;
  /** Where declared; checked before anything counts. */
  readonly sha256: Uint8Array | undefined;
  /** Whether a body that breaks off is kept as far as it came. Not where a SHA-256 is declared. */
  readonly keepsCut: boolean;
}

/** A part on its way into a session. */
interface Arrival {
  readonly session: SessionRow;
  readonly body: BodyReader;
  /** What is durable so far, and not yet in the session. */
  readonly parts: NewPart[];
  readonly strays: StrayChunk[];
  /** The place of the next byte in the file. */
  at: number;
  /** Hears the bytes in order. */
  readonly seen: (bytes: Uint8Array) => void;
  /** The SHA-256 of what was heard so far. */
  readonly seenSha256: () => Uint8Array<ArrayBuffer>;
}

/**
 * Stores a part. When this returns, it is durable.
 * @returns what was sent
 * @throws SixfoldError `already_exists` when the range begins inside a part, ends inside one, or has other bytes than one;
 * `out_of_range` beyond the declared size; `not_found` or `failed_precondition` when the session has ended; and as the
 * body when it breaks off: then what came is kept, if that was asked for, and otherwise nothing
 */
export function storePart(
  store: Store,
  request: PartRequest,
  source: AsyncIterable<Uint8Array>,
  caller: AbortSignal,
): Promise<HashedTile> {
  const attributes = { "sixfold.file.id": request.uploadId, "sixfold.part.offset": request.offset };
  return inSpan("upload.part", attributes, () => storeRange(store, request, source, caller));
}

async function storeRange(
  store: Store,
  request: PartRequest,
  source: AsyncIterable<Uint8Array>,
  caller: AbortSignal,
): Promise<HashedTile> {
  const { uploadId, offset } = request;
  const keepsCut = request.keepsCut && request.sha256 === undefined;
  const body = new BodyReader(source, keepsCut);
  const strays: StrayChunk[] = [];
  const hash = createHash("sha256");
  // Before anything is done, and before the body is asked for. A part that lives in PostgreSQL needs no turn.
  const isSmall = request.length !== undefined && request.length <= store.inlineMax;
  const leave = isSmall ? () => {} : await store.pool.uploads.turn(caller);
  try {
    const session = await openUpload(store, uploadId);
    checkEnd(store, session, offset + (request.length ?? 0));
    const seen = (bytes: Uint8Array) => {
      arrival.at += bytes.length;
      checkEnd(store, session, arrival.at);
      hash.update(bytes);
    };
    const seenSha256 = () => new Uint8Array(hash.copy().digest());
    const arrival: Arrival = { session, body, parts: [], strays, at: offset, seen, seenSha256 };
    // A body that is kept where it broke off ends the work by itself; it is then to be finished, not aborted.
    const ends = keepsCut ? new AbortController().signal : caller;
    await withSession(store, uploadId, ends, async (signal) => {
      await receive(store, arrival, signal).catch(async (error) => {
        if (keepsCut && isNobodysFault(error)) await commit(store, arrival);
        throw error;
      });
    });
    const part = { offset, length: arrival.at - offset, sha256: seenSha256() };
    checkDeclared(request, part);
    await commit(store, arrival);
    fileBytes(part.length, { "sixfold.direction": "write" });
    annotate({ "sixfold.bytes": part.length });
    if (body.cut !== undefined) throw explainCut(body.cut);
    return part;
  } catch (error) {
    // What a part names stays. Where this fails, whoever ends the session sweeps up.
    if (strays.length > 0) await abandonParts(store.sql, uploadId, strays).catch(() => {});
    if (caller.aborted && !keepsCut) throw new SixfoldError("canceled", "the client went away", { cause: error });
    throw error;
  } finally {
    leave();
    await body.cancel().catch(() => {});
  }
}

/** Takes the body piece by piece, along the borders of what is there. */
async function receive(store: Store, arrival: Arrival, signal: AbortSignal): Promise<void> {
  const { session, body } = arrival;
  let first = true;
  do {
    const there = await findPartFrom(store.sql, session.id, arrival.at);
    if (there !== undefined && there.offset < arrival.at) throw inTheWay(there);
    if (there?.offset === arrival.at) await compare(body, there, arrival.seen);
    else await write(store, arrival, there === undefined ? Infinity : there.offset - arrival.at, first, signal);
    first = false;
    signal.throwIfAborted();
    body.endAfter(Infinity);
  } while (!(await body.atEnd()));
}

/** Reads over a part that is there: the same bytes again change nothing. */
async function compare(body: BodyReader, there: PartRow, seen: (bytes: Uint8Array) => void): Promise<void> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(there.length, COMPARED_AT_ONCE));
  let left = there.length;
  body.endAfter(left);
  while (left > 0) {
    const filled = await body.fill(buffer);
    if (filled === 0) break;
    const bytes = buffer.subarray(0, filled);
    hash.update(bytes);
    seen(bytes);
    left -= filled;
  }
  if (left === there.length || body.cut !== undefined) return;
  if (left > 0 || !hash.digest().equals(there.sha256)) throw inTheWay(there);
}

/** Writes what comes into a gap: a little of it into PostgreSQL, more of it into chunks. */
async function write(
  store: Store,
  arrival: Arrival,
  gap: number,
  first: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { session, body, parts, strays, at: offset, seen } = arrival;
  const { pool, inlineMax } = store;
  body.endAfter(gap);
  if (await body.atEnd()) return;
  if (session.parts + parts.length >= MAX_PARTS || session.nextSegment >= MAX_SEGMENTS) {
    throw new SixfoldError("resource_exhausted", `an upload has at most ${MAX_PARTS} parts; send larger ones`);
  }
  const head = new Uint8Array(inlineMax + 1);
  const length = await body.fill(head);
  if (length <= inlineMax) {
    const bytes = head.slice(0, length);
    seen(bytes);
    const sha256 = new Uint8Array(createHash("sha256").update(bytes).digest());
    const { layout, blockSize } = pool;
    parts.push({ ...layout, blockSize, number: undefined, offset, length, sha256, inline: true, bytes, chunks: [] });
    return;
  }
  body.unread(head.subarray(0, length));
  const nextNumber = async () => {
    const number = await takeSegment(store.sql, session.id, store.sessionSeconds);
    if (number === undefined) throw await whyEnded(store, session.id);
    return number;
  };
  const segments: StoredSegment[] = [];
  const { bucket, contentType } = session;
  const key = new TextDecoder().decode(session.key);
  const writer = { uploadId: session.id, bucket, key, contentType, offset, nextNumber, strays, segments, seen };
  // The first of what was sent is hashed once, for the part and for the segment that it becomes.
  const target = first ? { ...writer, seenSha256: arrival.seenSha256 } : writer;
  try {
    await writeSegments(store, target, body, signal);
  } finally {
    parts.push(...segments.map((segment) => ({ ...segment, bytes: null })));
  }
}

/** Adds what has arrived to the session, with a lost answer settled. */
async function commit(store: Store, { session, parts, strays }: Arrival): Promise<void> {
  await mustStand();
  const kept = new Set(parts.flatMap(({ chunks }) => chunks.map(({ chunkId }) => chunkId)));
  const loose = strays.filter(({ chunkId }) => !kept.has(chunkId));
  await untilAnswered(async (again) => {
    if (await storeParts(store.sql, session.id, parts, loose, store.sessionSeconds) !== undefined) return;
    // The session has ended. Where the parts had got in before, they are in its file now.
    if (again && kept.size > 0 && !(await abandonParts(store.sql, session.id, strays))) return;
    throw await whyEnded(store, session.id);
  });
}

function checkEnd({ maxFile }: Store, { size }: SessionRow, end: number): void {
  if (end > (size ?? Infinity)) throw beyondSize(end, size);
  if (end > maxFile) throw tooLarge(maxFile);
}

function checkDeclared({ sha256 }: PartRequest, part: HashedTile): void {
  if (sha256 === undefined || sha256.every((byte, i) => byte === part.sha256[i])) return;
  throw new SixfoldError("invalid_argument", "the bytes do not match the declared SHA-256; send the part again", {
    detail: "CHECKSUM_MISMATCH",
  });
}

/** Whether the storage failed and not the request: then what is durable already is kept. */
function isNobodysFault(error: unknown): boolean {
  const { code, detail } = SixfoldError.from(error);
  return code === "unavailable" || detail === "DISK_FULL" || detail === "DISK_ERROR";
}

function explainCut(cut: SixfoldError): SixfoldError {
  const advice = "what came is kept: ask what has arrived and go on";
  return new SixfoldError(cut.code, `the body broke off (${cut.message}); ${advice}`, { cause: cut });
}
