import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLayout } from "../../../shared/layout.ts";
import { StripeMemory } from "./stripe_memory.ts";

const BLOCK = 4096;
const never = new AbortController().signal;

/** Memory for so many stripes. */
const memoryOf = (stripes: number) => new StripeMemory(parseLayout("4+2"), BLOCK, stripes * 6 * BLOCK);

test("uploads and downloads share one budget, and what one has used serves the other", async () => {
  const { uploads, downloads } = memoryOf(8);
  const up = await uploads.take(99, never, true);
  assert.equal(up.length, 6, "a quarter is left to the other");
  const down = downloads.tryTake(2) ?? [];
  assert.equal(downloads.tryTake(1), undefined);
  uploads.give(up);
  down.push(...downloads.tryTake(4) ?? []);
  assert.equal(new Set([...up, ...down]).size, 8);
  assert.deepEqual([downloads.load.used, downloads.load.limit], [6 * 6 * BLOCK, 6 * 6 * BLOCK]);
});

test("even the smallest memory has a stripe for each", () => {
  const { uploads, downloads } = memoryOf(1);
  assert.equal(uploads.tryTake(1)?.length, 1);
  assert.equal(uploads.tryTake(1), undefined);
  assert.equal(downloads.tryTake(1)?.length, 1);
});

test("who has begun comes first, then the newest; nobody overtakes, and who gives up holds up nobody", async () => {
  const { downloads } = memoryOf(2);
  const held = await downloads.take(1, never, false);
  const order: string[] = [];
  const leaving = new AbortController();
  const take = (name: string, begun: boolean, signal = never) =>
    downloads.take(1, signal, begun).then((stripes) => {
      order.push(name);
      setTimeout(() => downloads.give(stripes), 0);
    });
  const gone = take("gone", true, leaving.signal);
  const all = [take("old", false), take("new", false), take("begun", true)];
  assert.equal(downloads.tryTake(1), undefined);
  assert.equal(downloads.crowded, false);
  leaving.abort();
  await assert.rejects(gone);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(downloads.crowded, true);
  downloads.give(held);
  await Promise.all(all);
  assert.deepEqual(order, ["begun", "new", "old"]);
});

test("when a stripe comes free, the kind that holds less is served first", async () => {
  const { uploads, downloads } = memoryOf(8);
  const up = await uploads.take(6, never, true);
  await downloads.take(2, never, true);
  const order: string[] = [];
  const waiting = [uploads.take(1, never, true), downloads.take(1, never, true)];
  for (const [i, name] of ["up", "down"].entries()) waiting[i]?.then(() => order.push(name));
  uploads.give(up.slice(0, 2));
  await Promise.all(waiting);
  assert.deepEqual(order, ["down", "up"]);
});

test("who waits gets what slow clients hold: at once where they are known, else after a moment", async () => {
  const { downloads, lendings } = memoryOf(4);
  const [one, two, three] = await downloads.take(3, never, false);
  assert.ok(one && two && three);
  const given: string[] = [];
  lendings.lend(false, () => (given.push("perhaps slow"), downloads.give([one])));
  lendings.lend(true, () => (given.push("slow"), downloads.give([two])));
  lendings.lend(false, () => (given.push("has gone on"), downloads.give([three])))();
  const first = downloads.take(1, never, false);
  assert.deepEqual(given, ["slow"]);
  assert.deepEqual(await first, [two]);
  assert.deepEqual(await downloads.take(1, never, false), [one]);
  assert.deepEqual(given, ["slow", "perhaps slow"]);
});
