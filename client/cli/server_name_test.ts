import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerInfo } from "../mod.ts";
import { serverNamed } from "./server_name.ts";

const server = (id: string, port: number): ServerInfo => ({
  id,
  httpAddress: `http://10.0.0.1:${port}`,
  grpcAddress: `10.0.0.1:${port - 1000}`,
  state: "active",
  freeBytes: 1,
  usedBytes: 1,
  lastHeartbeat: new Date(0),
  zone: "",
  weight: 1,
  breaker: "closed",
  stateReason: "",
  unreachable: "",
});

test("a server is called by its id, its end, or an address, and by nothing that may be another one", () => {
  const [a, b] = [server("01a2-aa11", 51051), server("01a2-bb11", 51052)];
  for (
    const name of ["01a2-aa11", "aa11", "…aa11", "AA11", "http://10.0.0.1:51051", "10.0.0.1:51051", "10.0.0.1:50051"]
  ) {
    assert.equal(serverNamed([a, b], name), a, name);
  }
  assert.throws(() => serverNamed([a, b], "a11"), /no server is called "a11"/);
  assert.throws(() => serverNamed([a, b], "01a2"), /no server is called/);
  assert.throws(() => serverNamed([server("1-ccdd", 1), server("2-ccdd", 2)], "ccdd"), /1-ccdd or 2-ccdd/);
});
