import { HOSTILE_GATEWAY, runHostile } from "../scripts/hostile/run.ts";
import { TestCluster } from "./cluster.ts";

Deno.test("odd requests at every door: no error of the servers' own, no end, memory stays", async () => {
  await using cluster = await TestCluster.start(3);
  const url = await cluster.addGateway(HOSTILE_GATEWAY);
  await runHostile(cluster, new URL(url).host, 500, 1, () => {});
});
