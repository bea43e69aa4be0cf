import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchBody } from "./fetch_body.ts";

test("a body is given as it is, but for a large one on Node, which is a stream of the same bytes", async () => {
  assert.deepEqual(fetchBody(undefined), { init: {}, headers: {} });
  assert.equal(fetchBody("text").init.body, "text");
  const bytes = new Uint8Array(3_000_001).map((_, i) => i % 251);
  const { init, headers } = fetchBody(bytes);
  const isNode = !("Bun" in globalThis) && !("Deno" in globalThis);
  assert.equal(init.body instanceof ReadableStream, isNode);
  assert.deepEqual(headers, isNode ? { "content-length": "3000001" } : {});
  assert.deepEqual(new Uint8Array(await new Response(init.body ?? null).arrayBuffer()), bytes);
});
