import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatApiKey, fromBase64Url, parseApiKey, toBase64Url } from "./api_key.ts";

test("a key is read as it was written, and each change of a character makes another key or none", () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(fc.property(seeds, fc.nat(), fc.nat(63), (bytes, at, digit) => {
    const secret = new Uint8Array(bytes);
    const text = formatApiKey({ id: "0123456789abcdef", secret });
    assert.deepEqual(parseApiKey(text), { id: "0123456789abcdef", secret });
    const where = text.length - 43 + at % 43;
    const other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[digit] ?? "";
    const changed = text.slice(0, where) + other + text.slice(where + 1);
    if (changed !== text) assert.notDeepEqual(parseApiKey(changed), { id: "0123456789abcdef", secret });
  }));
});

test("what is no key is none", () => {
  for (const text of ["", "sixfold", "sixfold_0_0", `sixfold_0123456789ABCDEF_${"A".repeat(43)}`, "x".repeat(5000)]) {
    assert.equal(parseApiKey(text), undefined);
  }
  assert.deepEqual(fromBase64Url(toBase64Url(Uint8Array.of(251, 255, 1, 0))), Uint8Array.of(251, 255, 1, 0));
});
