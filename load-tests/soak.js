// A soak: 10 clients with the mix of calls (mix.js) for DURATION (1h), while the gateway's memory is looked at.
import { sleep } from "k6";
import { Trend } from "k6/metrics";
import { setup, step } from "./mix.js";
import { reportOf } from "./report.js";
import { gatewayMemory, MIB, planOf, secondsOf, UNHURRIED } from "./traffic.js";

const seconds = secondsOf("1h");
/** Resident memory of the gateway in MiB that is too much. */
const most = Number(__ENV.MEMORY || 300);
const memory = new Trend("gateway_memory");

export const options = planOf(
  seconds,
  {
    soak: { executor: "constant-vus", vus: 10, duration: `${seconds}s` },
    watch: { executor: "constant-vus", vus: 1, duration: `${seconds}s`, exec: "watch" },
  },
  {
    put: ["p(95)<10000"],
    get: ["p(95)<5000"],
    ...UNHURRIED,
    bytes_got: ["count>0"],
    gateway_memory: [`max<${most * MIB}`],
  },
);
export const handleSummary = reportOf("soak", seconds);
export { setup };
export default step;

export function watch() {
  const bytes = gatewayMemory();
  if (bytes !== undefined) memory.add(bytes);
  sleep(Math.min(10, seconds / 10));
}
