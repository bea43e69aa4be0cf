/** Sends a source into a session: several parts at once, around those that are there. */
import { SixfoldError } from "../shared/errors.ts";
import { toHex } from "./bytes.ts";
import { LARGEST_PART, type PartSize } from "./part_size.ts";
import type { SentPart, Session } from "./session.ts";
import { beginSha256, sha256 } from "./sha256.ts";
import type { Source } from "./source.ts";
import type { Part } from "./verify.ts";

/** How parts are sent. */
export interface Sending {
  readonly session: Session;
  readonly source: Source;
  /** What is there already, by offset. */
  readonly there: readonly Part[];
  readonly partSize: PartSize;
  /** How many parts are sent, and held in memory, at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Holds until parts may be taken. */
  readonly mayGoOn: () => Promise<void>;
  /** So many bytes more are durable. */
  readonly onBytes: (bytes: number) => void;
}

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What is there is not what the source holds. */
export class SourceChanged extends Error {}

/**
 * Sends what is missing.
 * @param head what was taken from the source already, from its beginning
 * @returns the size of the source
 * @throws SourceChanged where a part is there whose bytes are others; SixfoldError
 */
export async function sendParts(sending: Sending, head: Uint8Array<ArrayBuffer>): Promise<number> {
  const { session, source, partSize, signal: caller, mayGoOn, onBytes } = sending;
  const stop = new AbortController();
  const signal = AbortSignal.any([caller, stop.signal]);
  const pieces = cut(sending, head, signal);
  const next = async () => {
    const step = await pieces.next();
    return step.done ? step.value : await hashed(source, step.value);
  };
  const work = async () => {
    for (;;) {
      await mayGoOn();
      signal.throwIfAborted();
      const part = await next();
      if (part === undefined || typeof part === "number") return part;
      const { length, body } = part;
      const began = performance.now();
      await session.put(part, partSize.patience(length), signal, () => partSize.failed());
      partSize.took(length, performance.now() - began);
      onBytes(length);
      // Of the head, other parts may still be on their way.
      if (body instanceof Uint8Array && body.buffer !== head.buffer) source.give?.(body);
    }
  };
  const workers = Array.from({ length: sending.concurrency }, () =>
    work().catch((error) => {
      stop.abort(error);
      throw error;
    }));
  const ends = await Promise.allSettled(workers);
  if (stop.signal.aborted && !caller.aborted) throw stop.signal.reason;
  if (caller.aborted) throw new SixfoldError("canceled", "the upload was stopped", { cause: caller.reason });
  return Math.max(...ends.map((end) => (end.status === "fulfilled" ? end.value ?? 0 : 0)));
}

/** A piece with its digest. Where the runtime reads it by itself when it is sent, its bytes are held no longer than this. */
async function hashed(source: Source, { offset, bytes }: Piece): Promise<SentPart> {
  const { length } = bytes;
  const digest = await sha256(bytes);
  const body = source.slice?.(offset, length);
  if (body !== undefined) source.give?.(bytes);
  return { offset, length, digest, body: body ?? bytes };
}

/** The missing ranges of a source, in order. An async generator hands out one at a time, whoever asks. @returns the size */
async function* cut(
  { source, there, partSize }: Sending,
  head: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): AsyncGenerator<Piece, number> {
  let at = 0;
  for (let next = 0;;) {
    signal.throwIfAborted();
    const part = there[next];
    if (part?.offset === at) {
      await compare(source, part, signal);
      at += part.length;
      next++;
      continue;
    }
    const length = Math.min(partSize.now, (part?.offset ?? Infinity) - at, (source.size ?? Infinity) - at);
    if (length === 0) return at;
    const early = head.subarray(at, at + length);
    const bytes = early.length > 0 ? early : await source.take(at, length);
    if (source.size !== undefined && early.length === 0 && bytes.length < length) throw shrank();
    if (bytes.length === 0) return at;
    yield { offset: at, bytes };
    at += bytes.length;
  }
}

/** Reads what a part that is there was made from: a source that has changed meanwhile must not be mixed with it. */
async function compare(source: Source, part: Part, signal: AbortSignal): Promise<void> {
  // What a page has sent itself is hashed as it was then: off its main thread.
  const digest = part.length <= LARGEST_PART ? await hashWhole(source, part) : await hashLong(source, part, signal);
  if (toHex(digest) !== part.sha256) throw new SourceChanged();
}

async function hashWhole(source: Source, { offset, length }: Part): Promise<Uint8Array> {
  const bytes = await source.take(offset, length);
  const digest = await sha256(bytes);
  source.give?.(bytes);
  return digest;
}

async function hashLong(source: Source, { offset, length }: Part, signal: AbortSignal): Promise<Uint8Array> {
  const hash = beginSha256();
  for (let done = 0; done < length;) {
    signal.throwIfAborted();
    const bytes = await source.take(offset + done, Math.min(LARGEST_PART, length - done));
    if (bytes.length === 0) throw new SourceChanged();
    hash.update(bytes);
    done += bytes.length;
    source.give?.(bytes);
  }
  return hash.digest();
}

function shrank(): SixfoldError {
  return new SixfoldError("aborted", "the file became shorter while it was sent; send it again when it is written");
}
