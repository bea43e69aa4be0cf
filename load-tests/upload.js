// Uploads alone: 8 clients, files of SIZE bytes (10 MiB), each with its digest.
import { reportOf } from "./report.js";
import { MIB, newKey, planOf, put, remove, secondsOf, UNHURRIED } from "./traffic.js";

const seconds = secondsOf("1m");
const size = Number(__ENV.SIZE || 10 * MIB);

export const options = planOf(
  seconds,
  { upload: { executor: "constant-vus", vus: 8, duration: `${seconds}s` } },
  { put: ["p(95)<10000"], ...UNHURRIED, bytes_put: ["count>0"] },
);
export const handleSummary = reportOf("upload", seconds);

/** The last keys of this client: what is older goes, so that disks do not fill up. */
const mine = [];

export default function () {
  const key = newKey();
  if (put(key, size)) mine.push(key);
  if (mine.length > 4) remove(mine.shift());
}
