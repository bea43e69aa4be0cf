// Downloads alone: 8 clients, 24 files of SIZE bytes (10 MiB) that are stored before; one of ten is compared byte by byte.
import { reportOf } from "./report.js";
import { fill, get, MIB, pick, planOf, secondsOf, UNHURRIED } from "./traffic.js";

const seconds = secondsOf("1m");
const size = Number(__ENV.SIZE || 10 * MIB);

export const options = planOf(
  seconds,
  { download: { executor: "constant-vus", vus: 8, duration: `${seconds}s` } },
  { get: ["p(95)<5000"], ...UNHURRIED, bytes_got: ["count>0"] },
);
export const handleSummary = reportOf("download", seconds);

export function setup() {
  return fill(24, size);
}

export default function (keys) {
  get(pick(keys), size, Math.random() < 0.1);
}
