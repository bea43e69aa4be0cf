import assert from "node:assert/strict";
import { test } from "node:test";
import { anchorOf, checkDocuments, faultsInDocument } from "./docs_check.ts";
import { sources } from "./house.ts";
import { ROOT } from "./programs.ts";

const files: Record<string, string> = {
  "docs/b.md": "# What is *b*, then?\n```sh\n# no heading\n```\n",
  "gateway": "",
};
const faultsIn = (text: string) => faultsInDocument("docs/a.md", text, (path) => files[path], new Set(["load"]));

test("a link that leads nowhere is a fault, and so is a heading that is not there", () => {
  assert.deepEqual(faultsIn("[b](b.md) [b](b.md#what-is-b-then) [code](../gateway) [web](https://example.org/x)"), []);
  assert.deepEqual(faultsIn("[c](c.md)"), ["docs/a.md: nothing is at c.md"]);
  assert.deepEqual(faultsIn("[b](b.md#no-heading)"), ["docs/a.md: no heading is meant by b.md#no-heading"]);
});

test("a command that package.json does not have is a fault", () => {
  assert.deepEqual(faultsIn("`npm run load -- mixed`"), []);
  assert.deepEqual(faultsIn("`npm run lod`"), ['docs/a.md: package.json has no script "lod"']);
});

test("anchors are those that code hosts make", () => {
  assert.equal(anchorOf("A put of 10 MiB: the parts and the sum"), "a-put-of-10-mib-the-parts-and-the-sum");
});

test("every link and every command of the documents exists", async () => {
  assert.deepEqual(await checkDocuments(ROOT), []);
});

test("every message that troubleshooting is sorted by is one that the code says", async () => {
  const folders = ["gateway", "node-daemon", "shared", "scripts"].map((folder) =>
    Array.fromAsync(sources(ROOT, folder))
  );
  const paths = (await Promise.all(folders)).flat();
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(ROOT + path)));
  const source = texts.join("\n").replace(/\$\{[^}]*\}/g, "…")
    // A sentence of two lines.
    .replace(/[`"] \+\n\s*[`"]/g, "");
  const text = await Deno.readTextFile(`${ROOT}docs/troubleshooting.md`);
  const messages = [...text.matchAll(/^### (.*)$/gm)].flatMap(([, line = ""]) => line.match(/`[^`]+`/g) ?? []);
  assert.ok(messages.length > 30);
  for (const message of messages) {
    for (const piece of message.slice(1, -1).split("…")) assert.ok(source.includes(piece.trim()), message);
  }
});
