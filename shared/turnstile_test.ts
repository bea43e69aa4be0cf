import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "./errors.ts";
import { Turnstile } from "./turnstile.ts";

const busy = () => new SixfoldError("unavailable", "busy");
const outcome = (entering: Promise<void>, name: string, order: string[]) =>
  entering.then(() => void order.push(name), (error) => void order.push(`${name}: ${error.message}`));

test("so many enter, so many wait, the newest first, and the oldest makes room", async () => {
  const turnstile = new Turnstile({ most: 1, line: 2, waitMs: 10_000, busy });
  const order: string[] = [];
  await turnstile.enter();
  const waiting = ["a", "b", "c"].map((name) => outcome(turnstile.enter(), name, order));
  assert.equal(turnstile.waiting, 2);
  for (let i = 0; i < 2; i++) {
    turnstile.leave();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await Promise.all(waiting);
  assert.deepEqual(order, ["a: busy", "c", "b"]);
  turnstile.leave();
  assert.equal(turnstile.inside, 0);
});

test("who enters first goes before all others, in turn, and waits for its own time", async () => {
  const turnstile = new Turnstile({ most: 1, line: 2, waitMs: 10_000, busy });
  const order: string[] = [];
  const leave = await turnstile.turn();
  const waiting = [outcome(turnstile.enter(), "later", order)];
  for (const name of ["a", "b", "c"]) waiting.push(outcome(turnstile.enterFirst(10_000), name, order));
  for (let i = 0; i < 2; i++) {
    leave();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.deepEqual(order, ["c: busy", "a"]);
  for (let i = 0; i < 2; i++) turnstile.leave();
  await Promise.all(waiting);
  assert.deepEqual([order, turnstile.waiting], [["c: busy", "a", "b", "later"], 0]);
  await outcome(turnstile.enterFirst(20), "late", order);
  assert.equal(order.at(-1), "late: busy");
});

test("a wait ends by its time, by its signal, and when all are sent away", async () => {
  const turnstile = new Turnstile({ most: 1, line: 9, waitMs: 20, busy });
  const order: string[] = [];
  await turnstile.enter();
  await outcome(turnstile.enter(), "late", order);
  const leaving = new AbortController();
  const gone = outcome(turnstile.enter(leaving.signal), "gone", order);
  leaving.abort(new Error("left"));
  await gone;
  const sent = outcome(turnstile.enter(), "sent", order);
  turnstile.clear(new SixfoldError("unavailable", "over"));
  await sent;
  assert.deepEqual(order, ["late: busy", "gone: left", "sent: over"]);
  turnstile.leave();
  await turnstile.enter();
  await assert.rejects(new Turnstile({ most: 0, line: 0, waitMs: 1, busy }).enter(), /busy/);
});
