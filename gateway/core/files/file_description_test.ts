import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDescription } from "./file_description.ts";

test("what is no header, or no text of PostgreSQL, is refused", () => {
  const good = { contentType: "text/plain; charset=é", metadata: { "sixfold-meta-a": "é", "of another door": "日本" } };
  checkDescription(good);
  assert.equal(new Headers({ "content-type": good.contentType }).get("content-type"), good.contentType);
  for (const contentType of ["", "a\r\nset-cookie: x", "a\0", "日本", "x".repeat(1001)]) {
    assert.throws(() => checkDescription({ ...good, contentType }), { code: "invalid_argument" });
  }
  for (const metadata of [{ a: "\0" }, { "\0": "a" }, { a: "\ud800" }, { "\udc00": "a" }]) {
    assert.throws(() => checkDescription({ ...good, metadata }), { code: "invalid_argument" });
  }
});
