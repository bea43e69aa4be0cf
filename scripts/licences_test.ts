import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT } from "./programs.ts";

/** What may be handed on together with code under Apache-2.0. */
const ALLOWED = ["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Unlicense"];
/** They say MIT in the way of long ago, which the lock file does not take over. */
const OLD = ["busboy", "streamsearch"];

test("what Sixfold is shipped with is under licences that allow it", async () => {
  const { packages } = JSON.parse(await Deno.readTextFile(`${ROOT}package-lock.json`));
  let shipped = 0;
  for (const [path, { dev, license }] of Object.entries<{ dev?: boolean; license?: string }>(packages)) {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    if (path === "" || dev || OLD.includes(name)) continue;
    const all = (license ?? "none").replace(/[()]/g, "").split(/ AND | OR /);
    assert.ok(all.every((one) => ALLOWED.includes(one)), `${name}: ${license}`);
    shipped++;
  }
  assert.ok(shipped > 50);
});
