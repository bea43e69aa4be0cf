// Small files: 16 clients put, read, list and delete files of SIZE bytes (4 KiB).
import { reportOf } from "./report.js";
import { get, KIB, list, newKey, planOf, put, remove, secondsOf, UNHURRIED } from "./traffic.js";

const seconds = secondsOf("1m");
const size = Number(__ENV.SIZE || 4 * KIB);

export const options = planOf(
  seconds,
  { small: { executor: "constant-vus", vus: 16, duration: `${seconds}s` } },
  { put: ["p(95)<1000"], get: ["p(95)<1000"], list: ["p(95)<2000"], ...UNHURRIED, bytes_got: ["count>0"] },
);
export const handleSummary = reportOf("small files", seconds);

export default function () {
  const key = `small/${newKey()}`;
  if (!put(key, size)) return;
  get(key, size, true);
  if (__ITER % 10 === 0) list("small/");
  remove(key);
}
