// A mix as users make it: of 100 calls 45 read, 30 describe, 15 store and 10 delete; of 10 files 6 have 4 KiB, 3 have
// 1 MiB and 1 has 10 MiB.
import { fill, get, head, KIB, MIB, newKey, pick, put, remove } from "./traffic.js";

const SIZES = [...Array(6).fill(4 * KIB), ...Array(3).fill(MIB), 10 * MIB];

/** What is there before the clock starts: keys by size. */
export function setup() {
  return [4 * KIB, MIB, 10 * MIB].map((size) => ({ size, keys: fill(8, size) }));
}

/** Keys that this client has put and that nobody reads, so that it may delete them. */
const mine = [];

/** One call. */
export function step(groups) {
  const turn = Math.random() * 100;
  const size = pick(SIZES);
  const { keys } = groups.find((group) => group.size === size);
  if (turn < 45) get(pick(keys), size, turn < 5);
  else if (turn < 75) head(pick(keys), size);
  else if (turn < 85 && mine.length > 0) remove(mine.shift());
  else {
    const key = `mix/${newKey()}`;
    if (put(key, size)) mine.push(key);
  }
}
