/** Reads a range of a file: windows of its segments, one ahead of the reader, and their bytes in order. */
import { SixfoldError } from "../../../shared/errors.ts";
import { piecesOfStripe, stripesOfRange } from "../../../shared/layout.ts";
import { type OpenSpan, openSpan } from "../../../shared/telemetry.ts";
import type { Sql } from "../../db/database.ts";
import { findInline, type Manifest, type SegmentRow } from "../../db/files.ts";
import { fileBytes } from "../telemetry/metrics.ts";
import { pulse } from "../telemetry/pulse.ts";
import { type ReadParts, SegmentReader } from "../segments/segment_reader.ts";
import type { WindowPool } from "../memory/window_pool.ts";
import { WindowReader } from "../segments/window_reader.ts";

/** A client that takes longer for a piece of some MiB at most, in ms, is slow until it has proven to be fast again. */
const SLOW_MS = 100;
/** Bytes that prove it. */
const PROVEN = 4 * 1024 * 1024;

const READ = { "sixfold.direction": "read" };

/** What downloads need. */
export interface DownloadParts extends ReadParts {
  readonly sql: Sql;
  readonly windows: WindowPool;
}

/** What is read: a file, or what a session has of one. */
export type Source = Pick<Manifest, "inline" | "segments"> & { readonly file: Pick<Manifest["file"], "id"> };

/**
 * The bytes of a range, in order, each verified. A piece's bytes may change once the next one is asked for.
 * @throws SixfoldError `data_loss` when a stripe has too few good blocks, `unavailable` when too few servers answer
 */
export async function* download(
  parts: DownloadParts,
  manifest: Source,
  offset: number,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (manifest.inline !== null) {
    yield readInline(manifest.file.id, manifest.inline, offset, length);
    return;
  }
  const span = openSpan("download", { "sixfold.file.id": manifest.file.id, "sixfold.inline": false });
  let sent = 0;
  try {
    for await (const bytes of readRange(parts, manifest, offset, length, signal, span)) {
      sent += bytes.length;
      fileBytes(bytes.length, READ);
      pulse.went(bytes.length);
      yield bytes;
    }
    span.annotate({ "sixfold.bytes": sent });
    span.end();
  } catch (error) {
    span.end(error);
    throw error;
  } finally {
    if (sent < length) {
      span.annotate({ "sixfold.bytes": sent });
      span.end(new SixfoldError("canceled", "the reader went away"));
    }
  }
}

/** The bytes of a range of a file that came with its manifest: nothing is waited for, and nothing can fail. */
export function readInline(fileId: string, inline: Uint8Array<ArrayBuffer>, offset: number, length: number) {
  const span = openSpan("download", {
    "sixfold.file.id": fileId,
    "sixfold.inline": true,
    "sixfold.bytes": length,
  });
  fileBytes(length, READ);
  pulse.went(length);
  span.end();
  return inline.subarray(offset, offset + length);
}

/** @param span what reads in these are a part of: who asks for the next piece may run in another place of the trace */
async function* readRange(
  parts: DownloadParts,
  manifest: Source,
  offset: number,
  length: number,
  signal: AbortSignal,
  span: OpenSpan,
): AsyncGenerator<Uint8Array> {
  for (const segment of manifest.segments) {
    const from = Math.max(offset - segment.offset, 0);
    const to = Math.min(offset + length - segment.offset, segment.length);
    if (from >= to) continue;
    if (segment.inline) {
      yield (await span.run(() => readInlineSegment(parts, manifest.file.id, segment))).subarray(from, to);
      continue;
    }
    const inside = span.run(() => openSpan("segment", { "sixfold.segment": segment.number }));
    try {
      yield* readSegment(parts, manifest.file.id, segment, from, to - from, signal, inside);
      inside.end();
    } catch (error) {
      inside.end(error);
      throw error;
    } finally {
      inside.end();
    }
  }
}

async function readInlineSegment({ sql }: DownloadParts, fileId: string, { number }: SegmentRow): Promise<Uint8Array> {
  const bytes = await findInline(sql, fileId, number);
  if (bytes === undefined) throw new SixfoldError("aborted", "the file was deleted or replaced while it was read");
  return bytes;
}

async function* readSegment(
  parts: DownloadParts,
  uploadId: string,
  segment: SegmentRow,
  offset: number,
  length: number,
  signal: AbortSignal,
  span: OpenSpan,
): AsyncGenerator<Uint8Array> {
  const pool = parts.windows;
  const { k, blockSize } = segment;
  const { first, count } = stripesOfRange(offset, length, segment, blockSize);
  const reader = new SegmentReader(parts, uploadId, segment, signal);
  const traced: Pick<SegmentReader, "window" | "block"> = {
    window: (...asked) => span.run(() => reader.window(...asked)),
    block: (...asked) => span.run(() => reader.block(...asked)),
  };
  const windows = new WindowReader(pool, traced, segment, first + count, signal);
  const end = offset + length;
  let proven = Infinity;
  pool.readers++;
  try {
    for (let at = offset; at < end;) {
      const number = Math.floor(at / (k * blockSize));
      const [piece] = piecesOfStripe(segment.length, segment, blockSize, number, at, end - at);
      if (piece === undefined) throw new SixfoldError("internal", "a stripe has no bytes of this range");
      const block = await windows.block(number, piece.index);
      const bytes = block.subarray(piece.from, piece.to);
      // While the client is waited for, others may have the memory: of what is sent, only where it is a copy.
      const isSlow = proven < PROVEN;
      const pinned = !isSlow && pool.pin();
      const sent = pinned ? bytes : bytes.slice(0, pool.copyBytes);
      const takeBack = pool.lend(isSlow, () => windows.release(pinned ? number : undefined));
      const began = performance.now();
      try {
        yield sent;
      } finally {
        takeBack();
        if (pinned) pool.unpin();
      }
      proven = performance.now() - began > SLOW_MS ? 0 : proven + sent.length;
      at += sent.length;
    }
  } finally {
    pool.readers--;
    windows.release();
  }
}
