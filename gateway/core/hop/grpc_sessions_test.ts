import assert from "node:assert/strict";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { SixfoldError } from "../../../shared/errors.ts";
import { GrpcSessions } from "./grpc_sessions.ts";
import { HopTrust } from "./hop_trust.ts";

Deno.test("a connection that comes after its time is over is no session, and ends nothing else", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = { address: `127.0.0.1:${port}`, ip: "127.0.0.1", port, name: "127.0.0.1" };
  const sessions = new GrpcSessions(new HopTrust(undefined, false));
  const taking = sessions.take(endpoint, new AbortController().signal).then(() => undefined, SixfoldError.from);
  // The connection is there at once, and this process stands still for as long as one may take: the timer is heard first.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
  assert.equal((await taking)?.code, "unavailable");
  const session = await sessions.take(endpoint, new AbortController().signal);
  assert.equal(session.http2.destroyed, false);
  session.http2.destroy();
  sessions.give(session, false);
  await new Promise((resolve) => server.close(resolve));
});
