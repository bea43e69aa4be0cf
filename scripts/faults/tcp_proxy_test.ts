import assert from "node:assert/strict";
import { TcpProxy } from "./tcp_proxy.ts";

Deno.test("a proxy hands on, damages, stalls, cuts and heals", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    return new Response(await request.bytes());
  });
  await using proxy = await TcpProxy.open(`127.0.0.1:${server.addr.port}`);
  const path = "/sixfold.v1.StorageService/PutChunk";
  /** @param ms how long an answer that may not come is waited for */
  const echo = async (ms = 30_000) => {
    const signal = AbortSignal.timeout(ms);
    const body = new Uint8Array(1_000_000);
    const response = await fetch(`http://${proxy.address}${path}`, { method: "POST", body, signal });
    return (await response.bytes()).filter((byte) => byte !== 0).length;
  };
  assert.equal(await echo(), 0);
  proxy.flipDown = 50_000;
  // The head may be damaged as well: then there is no answer at all.
  const damaged = await Promise.all(Array.from({ length: 5 }, () => echo(2000).catch(() => 1)));
  assert.ok(damaged.some((count) => count > 0));
  proxy.heal();
  proxy.stall();
  await assert.rejects(echo(500));
  proxy.heal();
  assert.equal(await echo(), 0);
  proxy.cut();
  await assert.rejects(echo());
  proxy.heal();
  assert.equal(await echo(), 0);
  assert.ok((proxy.calls.get("PutChunk") ?? 0) >= 3);
});
