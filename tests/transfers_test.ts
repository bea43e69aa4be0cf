import assert from "node:assert/strict";
import { cutUpload } from "../scripts/transfers/cut_upload.ts";
import { syncTree } from "../scripts/transfers/sync_tree.ts";
import { TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;

Deno.test("what the client promises at full size holds in small, too", async (t) => {
  await using cluster = await TestCluster.start(6);
  const gateways = [await cluster.addGateway(), await cluster.addGateway()] as const;

  await t.step("a tree up and down is the same after kill -9, and nothing of it is sent twice", async () => {
    await syncTree(gateways[0], 400);
  });

  await t.step("a large file under Node, cut and with a gateway killed, costs little more than its bytes", async () => {
    const size = 512 * MIB;
    const { ratio, client } = await cutUpload(cluster, gateways, { size, cuts: 2, kills: 1, runtime: "node" });
    // Each harm costs what four parts have sent: 16 MiB of 8 MiB each, by chance.
    assert.ok(ratio < 1 + (3 * 32 * MIB) / size, `${ratio}`);
    assert.ok(client < 200, `${client} MiB`);
  });
});
