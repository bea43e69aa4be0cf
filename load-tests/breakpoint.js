// Where it breaks: reads and writes of 100 KiB, more and more each second, up to RATE a second (1,000), whatever becomes of
// them. A gateway may turn away what is too much; it must not fail, and not answer wrongly. The plot says at which rate
// answers came late.
import { reportOf } from "./report.js";
import { fill, get, KIB, newKey, pick, planOf, put, remove, secondsOf } from "./traffic.js";

const seconds = secondsOf("2m");
const size = 100 * KIB;

export const options = planOf(
  seconds,
  {
    breakpoint: {
      executor: "ramping-arrival-rate",
      startRate: 10,
      timeUnit: "1s",
      preAllocatedVUs: 50,
      maxVUs: 400,
      stages: [{ target: Number(__ENV.RATE || 1000), duration: `${seconds}s` }],
      gracefulStop: "60s",
    },
  },
  { bytes_got: ["count>0"], bytes_put: ["count>0"] },
);
export const handleSummary = reportOf("breakpoint", seconds);

export function setup() {
  return fill(24, size);
}

export default function (keys) {
  if (Math.random() < 0.8) return get(pick(keys), size);
  const key = `breakpoint/${newKey()}`;
  if (put(key, size)) remove(key);
}
