import assert from "node:assert/strict";
import { createLogger } from "../shared/logger.ts";
import { inSpan, spanEvent, traceHeaders } from "../shared/telemetry.ts";
import { KeptTraces } from "../shared/telemetry_kept.ts";
import { startTracing } from "../shared/telemetry_tracing.ts";
import { isAlwaysLetIn, refuse } from "./api/refusal.ts";
import { findTrace, listRequests } from "./core/telemetry/kept_requests.ts";
import { createRequestWatch } from "./request_watch.ts";
import { openDoor } from "./server.ts";

Deno.test("a request's answer names its trace and says where the time went; what only looks makes none", async () => {
  const log = createLogger("error", () => {});
  const kept = new KeptTraces(10);
  const end = await startTracing({ service: "test", instance: "1", read: () => undefined, keep: kept, log });
  let handedOn = "";
  const door = await openDoor({
    host: "127.0.0.1",
    port: 0,
    certificate: undefined,
    handler: (request) =>
      inSpan("upload", { "sixfold.bytes": 5 }, async () => {
        spanEvent("retry", { "sixfold.reason": "unavailable" });
        handedOn = traceHeaders()["traceparent"] ?? "";
        return new Response(await request.text());
      }),
    refuse,
    always: isAlwaysLetIn,
    most: 10,
    crowds: { uploads: () => false, downloads: () => false },
    watch: createRequestWatch(kept),
    log,
  });
  try {
    const address = `http://127.0.0.1:${door.port}`;
    const headers = { "x-request-id": "mine", traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
    const put = await fetch(`${address}/v1/files/demo/a`, { method: "PUT", body: "hello", headers });
    assert.equal(await put.text(), "hello");
    assert.equal(put.headers.get("x-request-id"), "mine");
    assert.equal(put.headers.get("x-trace-id"), "0af7651916cd43dd8448eb211c80319c");
    assert.match(put.headers.get("server-timing") ?? "", /^upload;dur=\d+\.\d$/);
    // Nothing is exported here, and so whoever is called need not make spans.
    assert.match(handedOn, /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    const look = await fetch(`${address}/readyz`);
    await look.body?.cancel();
    assert.deepEqual([look.headers.get("x-trace-id"), handedOn], [null, ""]);
    // The answer is there before the socket tells that it has left.
    while (listRequests(kept, 0).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const [request] = listRequests(kept, 0);
    assert.deepEqual(
      [request?.requestId, request?.route, request?.status, request?.bytes, request?.error],
      ["mine", "PUT /v1/files/{bucket}/{key}", 200, 5, ""],
    );
    const [trace] = findTrace(kept, request?.traceId ?? "");
    assert.deepEqual(trace?.spans.map(({ name }) => name), ["PUT /v1/files/{bucket}/{key}", "upload"]);
    assert.deepEqual(trace?.spans[1]?.events.map(({ name, attributes }) => [name, attributes]), [
      ["retry", { "sixfold.reason": "unavailable" }],
    ]);
    assert.throws(() => findTrace(kept, "f".repeat(32)), { code: "not_found" });
    assert.throws(() => findTrace(undefined, "f".repeat(32)), { code: "failed_precondition" });
  } finally {
    await door.close(0);
    await end();
  }
});
