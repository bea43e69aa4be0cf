import { expect, test } from "bun:test";
import type { ChunkReader } from "./chunk_reader.ts";
import { OpenReaders } from "./open_readers.ts";

/** Readers that only count. */
function counted() {
  const open = new Set<object>();
  let opened = 0;
  let current = true;
  const readers = new OpenReaders((chunkId) => {
    if (chunkId === "none") return Promise.reject(new Error("not found"));
    opened++;
    const reader = {
      close: () => Promise.resolve(void open.delete(reader)),
      isCurrent: () => Promise.resolve(current),
    };
    open.add(reader);
    return Promise.resolve(reader as unknown as ChunkReader);
  });
  return { readers, open, opened: () => opened, touch: () => current = false };
}
const nothing = () => Promise.resolve();

test("windows of one chunk share a reader, and only so many stay open", async () => {
  const { readers, open, opened } = counted();
  await Promise.all([readers.use("a", nothing), readers.use("a", nothing)]);
  await readers.use("a", nothing);
  expect([opened(), open.size]).toEqual([1, 1]);
  for (let i = 0; i < 200; i++) await readers.use(`${i}`, nothing);
  expect(open.size).toBe(64);
});

test("a removed chunk is closed when its last user has left, and opened anew for the next", async () => {
  const { readers, open, opened } = counted();
  let leave = () => {};
  const reading = readers.use("a", () => new Promise<void>((resolve) => leave = resolve));
  await Promise.resolve();
  readers.forget("a");
  expect(open.size).toBe(1);
  leave();
  await reading;
  await nothing();
  expect(open.size).toBe(0);
  await readers.use("a", nothing);
  expect(opened()).toBe(2);
});

test("a failed opening and a failed read are not remembered", async () => {
  const { readers, open, opened } = counted();
  await expect(readers.use("none", nothing)).rejects.toThrow("not found");
  await expect(readers.use("a", () => Promise.reject(new Error("cut short")))).rejects.toThrow("cut short");
  await nothing();
  expect(open.size).toBe(0);
  await readers.use("a", nothing);
  expect(opened()).toBe(2);
});

test("a chunk that was touched behind the daemon's back is opened and checked anew", async () => {
  const { readers, open, opened, touch } = counted();
  await readers.use("a", nothing);
  touch();
  await readers.use("a", nothing);
  expect([opened(), open.size]).toEqual([2, 1]);
});
