import assert from "node:assert/strict";
import { readGatewayConfig } from "./config.ts";

const LEAST = { DATABASE_URL: "postgres://localhost/x", SIXFOLD_CLUSTER_TOKEN: "x".repeat(32) };

Deno.test("what a server keeps is not rebuilt before the server may count as away", () => {
  for (const time of ["0", "4", "9s"]) {
    assert.throws(
      () => readGatewayConfig({ ...LEAST, SIXFOLD_REPAIR_AFTER: time }),
      /SIXFOLD_REPAIR_AFTER must be a time .*, at least 10s/,
    );
  }
  assert.equal(readGatewayConfig({ ...LEAST, SIXFOLD_REPAIR_AFTER: "10s" }).SIXFOLD_REPAIR_AFTER, 10);
});
