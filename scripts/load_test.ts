import assert from "node:assert/strict";
import { test } from "node:test";
import { LOADS, loadsNamed } from "./load.ts";
import { ROOT } from "./programs.ts";

test("every load is a script, and without a name the short ones run", () => {
  for (const load of LOADS) assert.ok(Deno.statSync(`${ROOT}load-tests/${load}.js`).isFile);
  assert.deepEqual(loadsNamed([]), ["smoke", "hop"]);
  assert.deepEqual(loadsNamed(["mixed", "soak"]), ["mixed", "soak"]);
});

test("a load that there is not is told of with those that there are", () => {
  assert.throws(() => loadsNamed(["../smoke"]), /there is no load "..\/smoke"; there are: smoke, hop, upload/);
});
