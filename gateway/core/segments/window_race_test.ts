import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "../../../shared/errors.ts";
import type { ReadBlocks } from "../hop/chunk_client.ts";
import { isTooLate } from "../hop/progress_clock.ts";
import { type Candidate, raceWindow } from "./window_race.ts";

const never = new AbortController().signal;
const K = 4;

/** Six chunks of one stripe, each with a behaviour: a fault, "late" for ever, or good. */
function setUp(behaviours: Record<number, SixfoldError | "late">, mayHedge = true) {
  const asked: number[] = [];
  const stopped = new Map<number, unknown>();
  const rooms = Array.from({ length: 6 }, (_, i) => new Uint8Array([i]));
  const candidates = [0, 1, 2, 3, 4, 5].map((index): Candidate => ({
    index,
    mayHedge: () => mayHedge,
    read(into, signal, onLate) {
      asked.push(index);
      const behaviour = behaviours[index];
      if (behaviour === undefined) return Promise.resolve({ blocks: [...into] });
      if (behaviour !== "late") return Promise.resolve({ blocks: [undefined], fault: behaviour });
      setTimeout(onLate, 1);
      return new Promise<ReadBlocks>((_, reject) => {
        signal.addEventListener("abort", () => {
          stopped.set(index, signal.reason);
          reject(signal.reason);
        });
      });
    },
  }));
  const run = (signal = never) => raceWindow(candidates, K, 1, (index) => rooms.slice(index, index + 1), signal);
  return { run, asked, stopped };
}

const away = new SixfoldError("unavailable", "away");
const gone = new SixfoldError("not_found", "gone");

test("of six good chunks, the first k are asked and no more", async () => {
  const { run, asked } = setUp({});
  const blocks = await run();
  assert.deepEqual(asked, [0, 1, 2, 3]);
  assert.equal(blocks.filter(([block]) => block).length, K);
});

test("for each that fails another is asked, each into memory of its own", async () => {
  const { run, asked } = setUp({ 1: gone, 2: away });
  const blocks = await run();
  assert.deepEqual(asked, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(blocks.map(([block]) => block?.[0]), [0, undefined, undefined, 3, 4, 5]);
});

test("a late one is not waited for: another is asked, and the loser is told why it is stopped", async () => {
  const { run, asked, stopped } = setUp({ 0: "late" });
  await run();
  assert.deepEqual(asked, [0, 1, 2, 3, 4]);
  const reason = stopped.get(0);
  assert.ok(reason instanceof SixfoldError && isTooLate(reason));
});

test("three late or lost of 4+2: it waits while one may still come, and then says what is the matter", async () => {
  await assert.rejects(setUp({ 0: gone, 1: away, 2: gone }).run(), { code: "unavailable" });
  await assert.rejects(setUp({ 0: gone, 1: gone, 2: gone }).run(), { code: "data_loss" });
  const left = new AbortController();
  const { run, asked } = setUp({ 0: "late", 1: "late", 2: "late" });
  setTimeout(() => left.abort(away), 30);
  await assert.rejects(run(left.signal), away);
  assert.equal(asked.length, 6);
});

test("without leave to hedge, a late chunk is waited for", async () => {
  const left = new AbortController();
  const { run, asked, stopped } = setUp({ 0: "late" }, false);
  setTimeout(() => left.abort(away), 30);
  await assert.rejects(run(left.signal), away);
  assert.deepEqual(asked, [0, 1, 2, 3]);
  assert.equal(stopped.get(0), away);
});
