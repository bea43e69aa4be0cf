import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseLayout } from "../../../shared/layout.ts";
import { StripeMemory } from "../memory/stripe_memory.ts";
import { WindowPool } from "../memory/window_pool.ts";
import { WindowReader } from "./window_reader.ts";
import type { Blocks, WindowMemory } from "./window_race.ts";

const BLOCK = 4096;
const STRIPES = 9;
const K = 4;
const never = new AbortController().signal;

/** Writes blocks whose bytes tell where they belong into the memory that they are given. */
function setUp(memory: number, alone: (number: number) => boolean) {
  const pool = new WindowPool(new StripeMemory(parseLayout("4+2"), BLOCK, memory * 6 * BLOCK).downloads);
  const asked: string[] = [];
  const write = (number: number, index: number, into: Uint8Array | undefined) =>
    into?.subarray(20, 20 + BLOCK).fill(number * K + index);
  const reader = {
    async window(first: number, count: number, into: WindowMemory): Promise<Blocks> {
      asked.push(`${first}-${first + count - 1}`);
      await new Promise((resolve) => setTimeout(resolve, 0));
      return Array.from(
        { length: 6 },
        (_, index) => Array.from({ length: count }, (_, i) => write(first + i, index, into(index)[i])),
      );
    },
    block(number: number, index: number, into: WindowMemory) {
      asked.push(`${number}.${index}`);
      return Promise.resolve(alone(number) ? write(number, index, into(index)[0]) : undefined);
    },
  };
  return { asked, pool, windows: new WindowReader(pool, reader, { blockSize: BLOCK }, STRIPES, never) };
}

async function check(windows: WindowReader, number: number, index: number) {
  const block = await windows.block(number, index);
  assert.equal(block.length, BLOCK);
  assert.ok(block.every((byte) => byte === number * K + index), `block ${index} of stripe ${number}`);
}

test("whatever is given back on the way, every block comes as it is, and in the end nothing is held", async () => {
  const steps = fc.array(fc.constantFrom("go on", "go on", "all", "others"), { maxLength: STRIPES * K });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), steps, fc.nat(2), async (memory, steps, bad) => {
      const { pool, windows } = setUp(memory, (number) => number % 3 !== bad);
      for (let at = 0; at < STRIPES * K; at++) {
        await check(windows, Math.floor(at / K), at % K);
        if (steps[at] === "all") windows.release();
        if (steps[at] === "others") windows.release(Math.floor(at / K));
      }
      windows.release();
      await new Promise((resolve) => setTimeout(resolve, 2));
      assert.equal(pool.load.used, 0);
    }),
    { numRuns: 50 },
  );
});

test("windows are as large as there is memory for; what was given back is read again block by block", async () => {
  const rich = setUp(20, () => true);
  const poor = setUp(1, () => true);
  for (const { windows } of [rich, poor]) {
    for (let number = 0; number < 3; number++) await check(windows, number, 0);
  }
  assert.ok(Number(rich.asked[0]?.split("-")[1]) > 0, String(rich.asked));
  assert.deepEqual(poor.asked, ["0-0", "1-1", "2-2"]);
  poor.windows.release();
  await check(poor.windows, 2, 1);
  await check(poor.windows, 2, 2);
  await check(poor.windows, 3, 0);
  assert.deepEqual(poor.asked.slice(3), ["2.1", "2.2", "3-3"]);
});
