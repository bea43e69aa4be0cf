import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestName } from "./nearest_name.ts";

test("a name of which two letters are wrong is known, and one of which more are is another name", () => {
  const names = ["SIXFOLD_PORT", "SIXFOLD_HOST", "SIXFOLD_GRACE"];
  assert.equal(nearestName("SIXFOLD_PROT", names), "SIXFOLD_PORT");
  assert.equal(nearestName("SIXFOLD_GRAC", names), "SIXFOLD_GRACE");
  assert.equal(nearestName("SIXFOLD_HOSTS", names), "SIXFOLD_HOST");
  assert.equal(nearestName("SIXFOLD_BUN", names), undefined);
  assert.equal(nearestName("", []), undefined);
});
