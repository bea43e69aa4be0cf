/** `npm run chaos -- --minutes 10 --seed 1`: mixed load while daemons, gateways and PostgreSQL are harmed by turns. */
import { parseArgs } from "node:util";
import { runChaos } from "./chaos/run.ts";
import { isolate } from "./faults/isolate.ts";
import { ROOT } from "./programs.ts";

await isolate(`${ROOT}scripts/chaos.ts`);
const { values } = parseArgs({
  args: Deno.args,
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string", default: "1" } },
});
const [seed, seconds] = [Number(values.seed), Number(values.minutes) * 60];
if (!Number.isInteger(seed) || !(seconds > 0)) {
  console.error("usage: npm run chaos -- --minutes <number> --seed <whole number>");
  Deno.exit(2);
}
try {
  const { tally, events } = await runChaos(seed, seconds, (line) => console.log(line));
  console.log(`seed ${seed}: ${events} events; ${tally}`);
  for (const fault of tally.faults.slice(0, 20)) console.log(`FAIL ${fault}`);
  if (tally.faults.length === 0) console.log("nothing was lost, and nothing failed that must not");
  console.log(`${tally.faults.length === 0 ? 1 : 0} passed, ${tally.faults.length} failed`);
  Deno.exit(tally.faults.length === 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
