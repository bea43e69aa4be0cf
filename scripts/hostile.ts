/** `npm run hostile -- --requests 10000 --seed 1`: odd requests at every door, so many at each. */
import { parseArgs } from "node:util";
import { HOSTILE_GATEWAY, runHostile } from "./hostile/run.ts";
import { withCluster } from "./local_cluster.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { requests: { type: "string", default: "10000" }, seed: { type: "string", default: "1" } },
});
const [requests, seed] = [Number(values.requests), Number(values.seed)];
if (!(Number.isInteger(requests) && requests > 0 && Number.isInteger(seed))) {
  console.error("usage: npm run hostile -- --requests <number> --seed <whole number>");
  Deno.exit(2);
}
try {
  await withCluster({ daemons: 6, gateway: HOSTILE_GATEWAY }, async ({ cluster, url }) => {
    await runHostile(cluster, new URL(url).host, requests, seed, (line) => console.log(line));
  });
  console.log("no door has failed");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
