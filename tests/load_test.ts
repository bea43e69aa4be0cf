import assert from "node:assert/strict";
import { K6, loadOwnCluster, SHORT } from "../scripts/load.ts";
import { goTool } from "../scripts/tools.ts";
import { when } from "./when.ts";

const k6 = await goTool(...K6);

Deno.test({
  ...when(k6 !== undefined, "it needs k6, or Go to build it", "the load tests hold for a few seconds"),
  fn: async () => assert.ok(await loadOwnCluster(k6 ?? "", SHORT, "3s")),
});
