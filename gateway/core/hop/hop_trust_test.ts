import assert from "node:assert/strict";
import { test } from "node:test";
import { HopTrust } from "./hop_trust.ts";

test("the token goes over TLS, stays on this machine, or somebody has accepted the risk", () => {
  const plain = new HopTrust(undefined, false);
  for (const address of ["127.0.0.1:51051", "localhost:51051", "[::1]:51051"]) plain.check(address);
  for (const address of ["10.0.0.11:51051", "daemon-1.local:51051"]) {
    assert.throws(() => plain.check(address), { code: "failed_precondition" });
    new HopTrust("certificates", false).check(address);
    new HopTrust(undefined, true).check(address);
  }
  assert.equal(plain.baseUrl("a:1"), "http://a:1");
  assert.equal(new HopTrust("certificates", false).baseUrl("a:1"), "https://a:1");
});
