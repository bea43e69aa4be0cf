import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { toCollector } from "./telemetry_collector.ts";

/** A collector that answers as it is told, and what it was sent, in an environment that names it. */
async function withCollector(
  settings: Record<string, string>,
  answers: number[],
  work: (send: ReturnType<typeof toCollector>, got: readonly Got[]) => Promise<void>,
) {
  const got: Got[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of request) pieces.push(piece);
    got.push({ path: request.url, headers: request.headers, body: Buffer.concat(pieces) });
    response.writeHead(answers.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const all: Record<string, string> = { ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  Object.assign(process.env, all);
  try {
    await work(toCollector((name) => all[name]), got);
  } finally {
    for (const name of Object.keys(all)) delete process.env[name];
    server.closeAllConnections();
    server.close();
  }
}

interface Got {
  readonly path: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

const bytes = Uint8Array.of(1, 2, 3);

test("a request comes with its headers, and again where the collector asks for it; a refusal is told", async () => {
  await withCollector({ OTEL_EXPORTER_OTLP_HEADERS: "x-team=storage" }, [503, 200, 400], async (send, got) => {
    await send(bytes);
    assert.deepEqual(got.map(({ path, headers }) => [path, headers["content-type"], headers["x-team"]]), [
      ["/v1/traces", "application/x-protobuf", "storage"],
      ["/v1/traces", "application/x-protobuf", "storage"],
    ]);
    assert.ok(got.every(({ body }) => body.equals(bytes)));
    await assert.rejects(send(bytes), /answered 400/);
    assert.equal(got.length, 3);
  });
});

test("what the SDK alone can is its own: a body that is compressed", async () => {
  await withCollector({ OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" }, [200, 400], async (send, got) => {
    await send(bytes);
    assert.ok(gunzipSync(got[0]?.body ?? bytes).equals(bytes));
    await assert.rejects(send(bytes));
  });
});
