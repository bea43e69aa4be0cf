import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, completeOf, lengthOf } from "./resumable_headers.ts";

test("booleans and numbers are structured fields, and anything else is not there", () => {
  const complete = (text: string) => completeOf(new Headers({ "upload-complete": text }));
  assert.deepEqual(["?1", "?0", "?1;a=2", "1", "true", "?2", "?1, ?1"].map(complete), [
    true,
    false,
    true,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(completeOf(new Headers()), undefined);
  const offset = (text: string) => bytesOf(new Headers({ "upload-offset": text }), "upload-offset");
  assert.deepEqual(["0", "12;x", "-1", "1.5", "1e3", "9".repeat(16)].map(offset), [
    0,
    12,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("a length is said, or counted where the body is the rest", () => {
  const length = (headers: Record<string, string>, body: string | null, offset = 0) =>
    lengthOf(new Request("http://gateway/", { method: "PUT", headers, body }), offset);
  const sized = (count: number) => ({ "content-length": String(count) });
  assert.equal(length({ "upload-complete": "?0" }, "abc"), undefined);
  assert.equal(length({ "upload-complete": "?0", "upload-length": "9" }, "abc"), 9);
  assert.equal(length({ "upload-complete": "?1", ...sized(3) }, "abc", 6), 9);
  assert.equal(length({ "upload-complete": "?1" }, null, 6), 6);
  assert.equal(length({ "upload-complete": "?1" }, "of unknown length", 6), undefined);
  assert.equal(length({ "upload-complete": "?1", "upload-length": "9", ...sized(3) }, "abc", 6), 9);
  assert.throws(() => length({ "upload-complete": "?1", "upload-length": "8", ...sized(3) }, "abc", 6), /makes it 9/);
});
