import { ROOT } from "../scripts/programs.ts";
import { soak } from "../scripts/soak.ts";
import { TestCluster } from "./cluster.ts";

Deno.test("real files and a stream of unknown length go in and come back the same, in bounded memory", async () => {
  await using cluster = await TestCluster.start(6);
  const url = await cluster.addGateway();
  await soak(cluster, url, { tree: `${ROOT}node_modules`, files: 300, stream: 128 * 1024 * 1024 });
});
