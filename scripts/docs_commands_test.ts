import assert from "node:assert/strict";
import { blocksOf, scriptOf, unlisted } from "./docs_commands.ts";

const TEXT =
  "a\n```sh\none x  # 201 it is there\ntwo  # 412 always\n```\n- b\n  ```sh\n  three\n  ```\n```js\nno\n```\n";

Deno.test("blocks of shell commands, also in lists, and no others", () => {
  assert.deepEqual(blocksOf(TEXT), ["one x  # 201 it is there\ntwo  # 412 always\n", "three\n"]);
});

Deno.test("what is shown is run as it stands, but for what a reader puts in", () => {
  const script = scriptOf(TEXT, { path: "a.md", leftOut: { 1: "why" }, instead: [["x", "y"]], after: "done" });
  assert.equal(script, "DOCUMENT=a.md\n\none y  # 201 it is there\ntwo || [ $? = 22 ]\n\ndone\n");
  assert.throws(() => scriptOf(TEXT, { path: "a.md", instead: [["absent", "y"]] }), /does not show absent/);
  assert.throws(() => scriptOf(TEXT, { path: "a.md", leftOut: { 2: "why" } }), /has 2 blocks/);
});

Deno.test("a document with commands is on a list", () => {
  const texts = new Map([["a.md", TEXT], ["b.md", TEXT], ["c.md", TEXT], ["d.md", "none"]]);
  assert.deepEqual(unlisted(texts, [{ path: "a.md" }], { "b.md": "why" }), ["c.md"]);
});
