import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";
import { requestId, requestIdHeader, withRequestId } from "./request_id.ts";

test("a well-formed id is kept, any other is replaced, and each stays with its own work", async () => {
  const seen = await Promise.all(
    ["a-1:b", undefined, null, "", "line\nbreak", "x".repeat(129)].map((given) =>
      withRequestId(given, async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return requestId();
      })
    ),
  );
  assert.equal(seen[0], "a-1:b");
  for (const made of seen.slice(1)) assert.match(made ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(new Set(seen).size, seen.length);
  assert.equal(requestId(), undefined);
  assert.deepEqual(requestIdHeader(), {});
});

test("log lines of a request carry its id, and others none", () => {
  const lines: string[] = [];
  const log = createLogger("info", (line) => lines.push(line));
  withRequestId("r1", () => {
    log.info("in it");
    assert.deepEqual(requestIdHeader(), { "x-request-id": "r1" });
  });
  log.info("outside");
  assert.deepEqual(lines.map((line) => JSON.parse(line).requestId), ["r1", undefined]);
});
