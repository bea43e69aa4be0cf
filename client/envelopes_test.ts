import assert from "node:assert/strict";
import { test } from "node:test";
import { unwrap, wrap } from "./envelopes.ts";

async function* cut(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

test("messages come out as they went in, wherever their bytes are cut", async () => {
  const values = [{}, { text: "日本" }, { list: [1, 2, 3] }];
  const end = wrap({ error: { code: "unavailable" } });
  end[0] = 2;
  const bytes = Uint8Array.from([...values.map(wrap), end].flatMap((message) => [...message]));
  for (let size = 1; size <= bytes.length; size++) {
    const found = [];
    for await (const envelope of unwrap(cut(bytes, size))) found.push(envelope);
    assert.deepEqual(found.map(({ isEnd }) => isEnd), [false, false, false, true]);
    assert.deepEqual(found.map(({ value }) => value), [...values, { error: { code: "unavailable" } }]);
  }
});

test("a message that breaks off, and what is no message at all, are errors", async () => {
  const all = async (bytes: Uint8Array) => {
    for await (const _ of unwrap(cut(bytes, 3)));
  };
  await assert.rejects(all(wrap({ a: 1 }).subarray(0, 9)), { code: "unavailable" });
  await assert.rejects(all(new TextEncoder().encode("<!doctype html>")), { code: "internal" });
});
