// A mix of calls and sizes (mix.js) by VUS clients (20).
import { setup, step } from "./mix.js";
import { reportOf } from "./report.js";
import { planOf, secondsOf, UNHURRIED } from "./traffic.js";

const seconds = secondsOf("1m");

export const options = planOf(
  seconds,
  { mixed: { executor: "constant-vus", vus: Number(__ENV.VUS || 20), duration: `${seconds}s` } },
  {
    get: ["p(95)<5000"],
    head: ["p(95)<2000"],
    put: ["p(95)<10000"],
    ...UNHURRIED,
    bytes_got: ["count>0"],
  },
);
export const handleSummary = reportOf("mixed", seconds);
export { setup };
export default step;
