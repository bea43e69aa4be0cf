import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { VERSION } from "./version.ts";

test("all say the same version", () => {
  for (const name of ["package.json", "deno.json", "client/package.json"]) {
    const text = readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url).href), "utf8");
    assert.equal(JSON.parse(text).version, VERSION, name);
  }
});
