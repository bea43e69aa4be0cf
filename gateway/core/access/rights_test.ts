import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketsOf, checkRights, reach } from "./rights.ts";

test("a place is a bucket or what its keys begin with, and no bucket reaches one whose name only begins alike", () => {
  const rights = checkRights(["read"], ["photos", "logs/2025/", "logs/x"]);
  assert.deepEqual(rights.places, ["photos/", "logs/2025/", "logs/x"]);
  assert.deepEqual(bucketsOf(rights), ["photos", "logs"]);
  for (const [bucket, key] of [["photos", "a"], ["photos", ""], ["logs", "2025/a"], ["logs", "x"], ["logs", "xy/z"]]) {
    assert.equal(reach(rights, bucket ?? "", key ?? ""), true, `${bucket}/${key}`);
  }
  for (
    const [bucket, key] of [["photos2", "a"], ["logs", ""], ["logs", "2025"], ["logs", "202"], ["demo", "photos/a"]]
  ) {
    assert.equal(reach(rights, bucket ?? "", key ?? ""), false, `${bucket}/${key}`);
  }
  const all = checkRights(["read", "admin"], []);
  assert.equal(reach(all, "any", "thing"), true);
  assert.equal(bucketsOf(all), null);
});

test("rights that mean nothing, or more than they seem to, are refused", () => {
  const refused = { code: "invalid_argument" };
  assert.throws(() => checkRights([], []), refused);
  assert.throws(() => checkRights(["read", "rule"], []), refused);
  assert.throws(() => checkRights(["read"], ["/x"]), refused);
  assert.throws(() => checkRights(["read"], ["*/x"]), refused);
  assert.throws(() => checkRights(["read", "admin"], ["photos"]), refused);
  assert.throws(() => checkRights(["observe"], ["photos"]), refused);
});
