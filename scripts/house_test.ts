import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsIn } from "./house.ts";

test("imports go one way between the houses", () => {
  assert.deepEqual(faultsIn("gateway/core/hop/a.ts", 'import { x } from "../../../shared/ring.ts";\n'), []);
  assert.equal(faultsIn("gateway/core/hop/a.ts", 'import { x } from "../../../node-daemon/main.ts";\n').length, 1);
  assert.equal(faultsIn("shared/a.ts", 'export * from "../gateway/main.ts";\n').length, 1);
});

test("inside the gateway the database never imports the api", () => {
  assert.deepEqual(faultsIn("gateway/api/a.ts", 'import type { x } from "../core/files/upload.ts";\n'), []);
  assert.equal(faultsIn("gateway/db/a.ts", 'import { x } from "../api/rest.ts";\n').length, 1);
});

test("inside core a segment never imports a file, and each file has a room", () => {
  assert.deepEqual(faultsIn("gateway/core/files/a.ts", 'import { x } from "../segments/segments.ts";\n'), []);
  assert.equal(faultsIn("gateway/core/segments/a.ts", 'import { x } from "../files/upload.ts";\n').length, 1);
  assert.equal(faultsIn("gateway/core/a.ts", 'import { x } from "./files/upload.ts";\n').length, 1);
});

test("the console uses the client and nothing of its gateway, and nothing of the gateway uses it", () => {
  assert.deepEqual(faultsIn("gateway/console/a.tsx", 'import { x } from "../../client/mod.ts";\n'), []);
  assert.equal(faultsIn("gateway/console/a.tsx", 'import { x } from "../core/files/upload.ts";\n').length, 1);
  assert.equal(faultsIn("gateway/console/a.tsx", 'import { x } from "../config.ts";\n').length, 1);
  assert.equal(faultsIn("gateway/api/a.ts", 'import { x } from "../console/a.ts";\n').length, 1);
  assert.equal(faultsIn("gateway/main.ts", 'import { x } from "./console/a.ts";\n').length, 1);
  assert.equal(faultsIn("gateway/api/a.ts", 'import { x } from "../../client/mod.ts";\n').length, 1);
});

test("a file of more than 300 lines is a fault", () => {
  assert.deepEqual(faultsIn("shared/a.ts", "\n".repeat(300)), []);
  assert.equal(faultsIn("shared/a.ts", "\n".repeat(301)).length, 1);
});
