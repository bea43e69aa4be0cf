import assert from "node:assert/strict";
import { test } from "node:test";
import { newUuid } from "./chunk_id.ts";
import { dueTurn, FOLDERS, verifiedAt } from "./scrub_turns.ts";

const PERIOD = 6_553_600;
const TURN_MS = 100_000;
const ROUND = FOLDERS * TURN_MS;
const OLD = 1000 * ROUND;

/** A chunk in a folder, whose writing began then. */
function chunkIn(folder: number, writtenAt: number): string {
  return `${newUuid(writtenAt).slice(0, 32)}${folder.toString(16).padStart(4, "0")}.0.1.0`;
}

test("turns are counted since 1970", () => {
  assert.equal(dueTurn(PERIOD, 0), 0);
  assert.equal(dueTurn(PERIOD, OLD + 2.5 * TURN_MS), 1000 * FOLDERS + 2);
});

test("a chunk is verified when its folder's last turn was due", () => {
  const progress = { from: 1001 * FOLDERS, place: 1003 * FOLDERS + 10, periodSeconds: PERIOD };
  const at = (folder: number, written = OLD, committed = OLD) =>
    verifiedAt(chunkIn(folder, written), committed, progress);
  assert.equal(at(9), OLD + 3 * ROUND + 10 * TURN_MS);
  assert.equal(at(10), OLD + 2 * ROUND + 11 * TURN_MS, "the one that is next had its turn a round ago");
  assert.equal(at(FOLDERS - 1), OLD + 3 * ROUND);
  assert.equal(at(9, OLD + 3 * ROUND + 11 * TURN_MS), undefined, "it was written since");
  assert.equal(at(9, OLD, OLD + 3 * ROUND + 11 * TURN_MS), undefined, "it was being written");
});

test("what was left out is not said to be verified", () => {
  const progress = { from: 1003 * FOLDERS + 5, place: 1003 * FOLDERS + 10, periodSeconds: PERIOD };
  const known = Array.from(
    { length: 12 },
    (_, folder) => verifiedAt(chunkIn(folder, OLD), OLD, progress) !== undefined,
  );
  assert.deepEqual(known.flatMap((is, folder) => is ? [folder] : []), [5, 6, 7, 8, 9]);
});
