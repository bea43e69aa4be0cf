import assert from "node:assert/strict";
import { TcpProxy } from "./tcp_proxy.ts";

Deno.test("a proxy hands on, damages, stalls, cuts and heals", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    return new Response(await request.bytes());
  });
  await using proxy = await TcpProxy.open(`127.0.0.1:${server.addr.port}`);
  const path = "/sixfold.v1.StorageService/PutChunk";
  const echo = async () => {
    const signal = AbortSignal.timeout(500);
    const body = new Uint8Array(1_000_000);
    const response = await fetch(`http://${proxy.address}${path}`, { method: "POST", body, signal });
    return (await response.bytes()).filter((byte) => byte !== 0).length;
  };
  assert.equal(await echo(), 0);
  proxy.flipDown = 50_000;
  // The head may be damaged as well: then there is no answer at all.
  const damaged = await Promise.all(Array.from({ length: 5 }, () => echo().catch(() => 1)));
  assert.ok(damaged.some((count) => count > 0));
  proxy.heal();
  proxy.stall();
  await assert.rejects(echo());
  proxy.heal();
  assert.equal(await echo(), 0);
  proxy.cut();
  await assert.rejects(echo());
  proxy.heal();
  assert.equal(await echo(), 0);
  assert.ok((proxy.calls.get("PutChunk") ?? 0) >= 3);
});
