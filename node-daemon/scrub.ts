/**
 * Re-reads every chunk once in a while and verifies it. A chunk's folder, four hex digits of a random number, says when
 * its turn is: the 65,536 folders are spread evenly over the time, so nothing needs to be counted beforehand.
 */
import { readFile, writeFile } from "node:fs/promises";
import { SixfoldError } from "../shared/errors.ts";
import { dueTurn, FOLDERS, type ScrubProgress } from "../shared/scrub_turns.ts";
import { sleep } from "../shared/sleep.ts";
import type { ChunkStore } from "./chunk_store.ts";

/** What the scrub has done since the start. */
export interface ScrubCounts {
  chunks: number;
  bytes: number;
  damaged: number;
  /** How far it is behind its time, in seconds. */
  behindSeconds: number;
  /** How far it has come; undefined before it has begun. */
  progress: ScrubProgress | undefined;
}

/** What the scrub needs. */
export interface ScrubParts {
  readonly store: ChunkStore;
  /** The file that keeps its place. */
  readonly placePath: string;
  readonly counts: ScrubCounts;
  /** Hears of a chunk that is damaged. It may throw: the chunk is reported again when its turn comes again. */
  readonly onDamage: (chunkId: string, reason: string) => Promise<void>;
}

const PAGE = 100;
/** The place is written down so often, in ms: after a crash, a minute of work is done again. */
const REMEMBER_MS = 60_000;
const LEAST_WAIT_MS = 100;
const MOST_WAIT_MS = 5000;

/**
 * Scrubs until the signal aborts.
 * @param periodSeconds the time in which every chunk has its turn
 * @param bytesPerSecond how fast what is due is read at most; 0 for no limit
 */
export async function scrub(
  parts: ScrubParts,
  periodSeconds: number,
  bytesPerSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const due = () => dueTurn(periodSeconds, Date.now());
  const begun = await readProgress(parts.placePath, periodSeconds, due());
  const { from } = begun;
  let { place } = begun;
  const tell = () => {
    parts.counts.progress = { from, place, periodSeconds };
    parts.counts.behindSeconds = Math.max(0, due() - place - 1) * periodSeconds / FOLDERS;
  };
  const remember = () => writeFile(parts.placePath, `${place} ${from} ${periodSeconds}`);
  let remembered = Date.now();
  try {
    while (!signal.aborted) {
      const end = Math.min(due(), place + FOLDERS);
      tell();
      while (place < end && !signal.aborted) {
        const next = nextTurn(place, end);
        await scrubFolders(parts, place % FOLDERS, next - place, bytesPerSecond, signal);
        // A turn that was broken off is had again.
        if (!signal.aborted) place = next;
        tell();
        if (Date.now() - remembered > REMEMBER_MS) {
          await remember();
          remembered = Date.now();
        }
      }
      const folderMs = periodSeconds * 1000 / FOLDERS;
      await sleep(Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, folderMs)), signal);
    }
  } finally {
    await remember().catch(() => {});
  }
}

/** Turns end where the folders begin anew, and every 256 folders, so that a long way is remembered on the way. */
function nextTurn(place: number, end: number): number {
  return Math.min(end, (Math.floor(place / 256) + 1) * 256);
}

async function scrubFolders(
  { store, counts, onDamage }: ScrubParts,
  first: number,
  count: number,
  bytesPerSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const last = folderName(first + count - 1);
  // No chunk's name begins with a character above "~": this token stands behind all of the folder before.
  let after = first === 0 ? "" : `${folderName(first - 1)}/~`;
  while (!signal.aborted) {
    const { ids, next } = await store.list("", after, PAGE, last);
    for (const chunkId of ids) {
      if (signal.aborted) return;
      const began = performance.now();
      const { bytes, reason } = await look(store, chunkId);
      counts.chunks++;
      counts.bytes += bytes;
      if (reason !== undefined) {
        counts.damaged++;
        await onDamage(chunkId, reason).catch(() => {});
      }
      const dueMs = bytesPerSecond === 0 ? 0 : bytes / bytesPerSecond * 1000 - (performance.now() - began);
      if (dueMs > 0) await sleep(dueMs, signal);
    }
    if (next === "") return;
    after = next;
  }
}

/** What is wrong with a chunk; nothing where it was removed meanwhile. */
async function look(store: ChunkStore, chunkId: string): Promise<{ bytes: number; reason: string | undefined }> {
  try {
    const { intact, badBlocks, bytes } = await store.verify(chunkId);
    if (intact) return { bytes, reason: undefined };
    const where = badBlocks.length === 0 ? "its blocks are not those that were stored" : `block ${badBlocks[0]} is bad`;
    return { bytes, reason: `the scrub found that ${where}` };
  } catch (thrown) {
    const error = SixfoldError.from(thrown);
    if (error.code === "not_found" || error.code === "canceled") return { bytes: 0, reason: undefined };
    return { bytes: 0, reason: `the scrub cannot read it: ${error.message}` };
  }
}

function folderName(folder: number): string {
  const hex = folder.toString(16).padStart(4, "0");
  return `${hex.slice(0, 2)}/${hex.slice(2)}`;
}

/**
 * Where to go on. Who was away for more than a round begins a new one, a new disk has no past, and where rounds have become
 * longer, or the clock was set back, there is nothing to wait for.
 */
async function readProgress(
  path: string,
  periodSeconds: number,
  due: number,
): Promise<Omit<ScrubProgress, "periodSeconds">> {
  const text = await readFile(path, "utf8").catch(() => "");
  const [, known, from, period] = /^(\d{1,15})(?: (\d{1,15}) ([\d.]{1,20}))?$/.exec(text) ?? [];
  const place = Math.min(due, Math.max(due - FOLDERS, Number(known ?? due)));
  const goesOn = place === Number(known) && from !== undefined && Number(period) === periodSeconds;
  return { place, from: goesOn ? Number(from) : place };
}
