/** Reads a range of a file: windows of its segments, one ahead of the reader, and their bytes in order. */
import { SixfoldError } from "../../shared/errors.ts";
import { piecesOfStripe, stripesOfRange } from "../../shared/layout.ts";
import { type OpenSpan, openSpan } from "../../shared/telemetry.ts";
import type { Sql } from "../db/database.ts";
import { findInline, type Manifest, type SegmentRow } from "../db/files.ts";
import { windowBytes } from "./chunk_lane.ts";
import { fileBytes } from "./metrics.ts";
import { type ReadParts, SegmentReader } from "./segment_reader.ts";
import type { WindowPool, Windows } from "./window_pool.ts";

/** Bytes of one chunk that are asked for at once. */
const WINDOW = 2 * 1024 * 1024;

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
  const span = openSpan("download", {
    "sixfold.file.id": manifest.file.id,
    "sixfold.inline": manifest.inline !== null,
  });
  let sent = 0;
  try {
    for await (const bytes of readRange(parts, manifest, offset, length, signal, span)) {
      sent += bytes.length;
      fileBytes(bytes.length, { "sixfold.direction": "read" });
      yield bytes;
    }
    span.annotate({ "sixfold.bytes": sent });
    span.end();
  } catch (error) {
    span.end(error);
    throw error;
  } finally {
    if (sent < length) span.annotate({ "sixfold.bytes": sent });
    span.end(new SixfoldError("canceled", "the reader went away"));
  }
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
  if (manifest.inline !== null) {
    yield manifest.inline.subarray(offset, offset + length);
    return;
  }
  for (const segment of manifest.segments) {
    const from = Math.max(offset - segment.offset, 0);
    const to = Math.min(offset + length - segment.offset, segment.length);
    if (from >= to) continue;
    if (segment.inline) {
      yield (await span.run(() => readInline(parts, manifest.file.id, segment))).subarray(from, to);
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

async function readInline({ sql }: DownloadParts, fileId: string, { number }: SegmentRow): Promise<Uint8Array> {
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
  const step = Math.min(count, Math.max(1, Math.floor(WINDOW / blockSize)));
  const bytes = windowBytes(step, blockSize);
  const end = first + count;
  const reader = new SegmentReader(parts, uploadId, segment, signal);
  const read = (from: number, taken: Windows) => {
    const blocks = span.run(() => reader.window(from, Math.min(step, end - from), taken));
    blocks.catch(() => {}); // It is awaited later, or never when the reader has left.
    return { taken, blocks };
  };
  let now = read(first, await pool.take(k, bytes, signal));
  let ahead: typeof now | undefined;
  try {
    for (let from = first;; from += step) {
      const blocks = await now.blocks;
      // One window is read ahead where there is memory for it at once; nobody waits with a window in hand.
      const room = from + step < end ? pool.tryTake(k, bytes) : undefined;
      ahead = room && read(from + step, room);
      for (let i = 0; i < Math.min(step, end - from); i++) {
        for (const piece of piecesOfStripe(segment.length, segment, blockSize, from + i, offset, length)) {
          const block = blocks[piece.index]?.[i];
          yield block?.subarray(piece.from, piece.to) ?? new Uint8Array(0);
        }
      }
      if (from + step >= end) return;
      pool.give(now.taken);
      // Between the two, nothing is held: a download that waits in line here keeps no other from going on.
      now = ahead ?? read(from + step, await pool.take(k, bytes, signal, true));
      ahead = undefined;
    }
  } finally {
    for (const window of [now, ahead]) {
      // What is still being read into is given back when that has ended.
      if (window !== undefined) void window.blocks.then(() => {}, () => {}).then(() => pool.give(window.taken));
    }
  }
}
