import assert from "node:assert/strict";
import { K6, loadOwnCluster } from "../scripts/load.ts";
import { goTool } from "../scripts/tools.ts";

const k6 = await goTool(...K6);

Deno.test({
  name: "the load tests hold for a few seconds",
  ignore: k6 === undefined,
  fn: async () => assert.ok(await loadOwnCluster(k6 ?? "", "3s")),
});
