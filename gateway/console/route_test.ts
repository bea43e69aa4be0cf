import assert from "node:assert/strict";
import { test } from "node:test";
import { filesHref, parseRoute } from "./route.ts";

test("a place is read back from its address, whatever its names are", () => {
  for (
    const [bucket, prefix, file] of [["b", "", ""], ["b", "a b/ü?#/", "a b/ü?#/100%&+=x/y"], ["b", "", "<script>"]]
  ) {
    const { page, ...place } = { ...parseRoute(filesHref(bucket, prefix, file)) } as Record<string, string>;
    assert.deepEqual([page, place], ["files", { bucket, prefix, file }]);
  }
  assert.deepEqual(parseRoute("#/requests/0af7"), { page: "requests", trace: "0af7" });
  assert.deepEqual(parseRoute("#/cluster"), { page: "cluster" });
  assert.deepEqual(parseRoute("#/nonsense/x/y"), { page: "files", bucket: "", prefix: "", file: "" });
});
