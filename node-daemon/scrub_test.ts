import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chunkFolder, newUuid } from "../shared/chunk_id.ts";
import { FOLDERS } from "../shared/scrub_turns.ts";
import { ChunkStore } from "./chunk_store.ts";
import { DataFolder } from "./data_folder.ts";
import { DiskSpace } from "./disk_space.ts";
import { sweepQuarantine } from "./quarantine.ts";
import { scrub, type ScrubCounts } from "./scrub.ts";

const CHUNKS = 30;
let path: string;
let folder: DataFolder;
let store: ChunkStore;
let ids: string[];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "sixfold scrub-"));
  folder = await DataFolder.open(path);
  store = new ChunkStore(folder, new DiskSpace(path, 0));
  ids = [];
  for (let i = 0; i < CHUNKS; i++) {
    const uploadId = newUuid();
    const header = { chunkId: `${uploadId}.0.1.0`, uploadId, k: 4, m: 2, blockSize: 4096, label: new Uint8Array(0) };
    await store.put(
      header,
      5000,
      async function* () {
        yield { number: undefined, xxh64: undefined, data: new Uint8Array(4096).fill(i) };
        yield { number: undefined, xxh64: undefined, data: new Uint8Array(904).fill(i) };
        return { length: 5000, blockChecksums: undefined };
      }(),
    );
    ids.push(header.chunkId);
  }
});
afterEach(async () => {
  await folder.close();
  await rm(path, { recursive: true });
});

const placeKept = () => Number.parseInt(readFileSync(folder.scrubPlace, "utf8"));
const pathOf = (id: string) => join(path, "chunks", chunkFolder(id), id);

/** Scrubs for so long, or until it is enough. @returns what was found damaged, and how often a chunk was looked at */
async function run(ms: number, periodSeconds: number, isEnough = (_: ScrubCounts): boolean => false) {
  const found: string[] = [];
  const counts: ScrubCounts = { chunks: 0, bytes: 0, damaged: 0, behindSeconds: 0, progress: undefined };
  const onDamage = (chunkId: string, reason: string) => {
    found.push(`${chunkId}: ${reason}`);
    return Promise.resolve();
  };
  const enough = new AbortController();
  const look = setInterval(() => isEnough(counts) && enough.abort(), 10);
  const until = AbortSignal.any([AbortSignal.timeout(ms), enough.signal]);
  await scrub({ store, placePath: folder.scrubPlace, counts, onDamage }, periodSeconds, 1e9, until);
  clearInterval(look);
  return { found, counts };
}

test("every chunk has its turn once in the time, and damage is told with its block", async () => {
  const file = await open(pathOf(ids[3] ?? ""), "r+");
  await file.write(Uint8Array.of(255), 0, 1, 4096 + 4096 + 100);
  await file.close();
  await writeFile(pathOf(ids[4] ?? ""), "no chunk at all");
  await rm(pathOf(ids[5] ?? ""));
  const { found, counts } = await run(1300, 1);
  expect(counts.chunks).toBeGreaterThanOrEqual(CHUNKS - 1);
  expect(counts.chunks).toBeLessThan(2 * CHUNKS);
  expect(found.some((line) => line.startsWith(`${ids[3]}: the scrub found that block 1 is bad`))).toBe(true);
  expect(found.some((line) => line.startsWith(`${ids[4]}: the scrub cannot read it`))).toBe(true);
  expect(new Set(found.map((line) => line.split(":")[0])).size).toBe(2);
});

test("the place is kept: what was due while the daemon was away is done, and nothing else", async () => {
  const period = 1_000_000;
  const due = Math.floor(Date.now() / 1000 / period * FOLDERS);
  // A quarter of a round behind.
  await writeFile(folder.scrubPlace, String(due - FOLDERS / 4));
  const expected = ids.filter((id) => {
    const turn = Number.parseInt(chunkFolder(id).replace("/", ""), 16);
    return (due - turn + 2 * FOLDERS) % FOLDERS - 1 < FOLDERS / 4 && (due - turn + 2 * FOLDERS) % FOLDERS > 0;
  });
  const { counts } = await run(20_000, period, ({ progress }) => (progress?.place ?? 0) >= due);
  expect(Math.abs(counts.chunks - expected.length)).toBeLessThanOrEqual(1);
  expect(placeKept()).toBeGreaterThanOrEqual(due);
  expect(counts.progress).toMatchObject({ from: due - FOLDERS / 4, periodSeconds: period });
  expect((await run(200, period)).counts.chunks).toBeLessThanOrEqual(1);
});

test("where the time of a round was made longer, or the clock set back, the scrub goes on, and knows of nothing before", async () => {
  const due = Math.floor(Date.now() / 1000 * FOLDERS);
  await writeFile(folder.scrubPlace, `${due + 100 * FOLDERS} 0 1`);
  const { counts } = await run(1300, 1);
  expect(counts.chunks).toBeGreaterThanOrEqual(CHUNKS);
  expect(counts.progress?.from).toBeGreaterThanOrEqual(due);
});

test("a turn that is broken off is had again", async () => {
  const due = Math.floor(Date.now() / 1000 / 1e6 * FOLDERS);
  await writeFile(folder.scrubPlace, String(due - FOLDERS));
  const stop = new AbortController();
  const counts: ScrubCounts = { chunks: 0, bytes: 0, damaged: 0, behindSeconds: 0, progress: undefined };
  // The first chunk is damaged, and the scrub told to stop while it tells so.
  for (const id of ids) await writeFile(pathOf(id), "no chunk at all");
  const onDamage = () => Promise.resolve(stop.abort());
  await scrub({ store, placePath: folder.scrubPlace, counts, onDamage }, 1e6, 1e9, stop.signal);
  const place = placeKept();
  expect(counts.damaged).toBe(1);
  const { counts: again } = await run(20_000, 1e6, ({ damaged }) => damaged >= CHUNKS);
  expect(again.damaged).toBe(CHUNKS);
  expect(place).toBeLessThan(due);
});

test("what is set aside can be put back until its time is over", async () => {
  const [first = "", second = ""] = ids;
  expect(await store.setAside(first)).toBe(true);
  expect(await store.setAside(first)).toBe(false);
  expect(await store.setAside(second)).toBe(true);
  expect(await store.open(first).then(() => "there", (error) => error.code)).toBe("not_found");
  expect(await sweepQuarantine(folder, 60_000)).toBe(0);
  expect(await store.restore(first)).toBe(true);
  expect(await store.restore(first)).toBe(false);
  expect((await store.verify(first)).intact).toBe(true);
  await writeFile(join(folder.quarantine, "something else"), "");
  expect(await sweepQuarantine(folder, 60_000, Date.now() + 61_000)).toBe(1);
  expect(await readdir(folder.quarantine)).toEqual(["something else"]);
  expect(await store.restore(second)).toBe(false);
});
