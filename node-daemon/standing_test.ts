import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "../shared/errors.ts";
import { Standing } from "./standing.ts";

function setUp() {
  const state = { now: 0, asked: 0, answer: undefined as SixfoldError | undefined };
  const ask = () => {
    state.asked++;
    return state.answer ? Promise.reject(state.answer) : Promise.resolve();
  };
  return { state, standing: new Standing(30_000, ask, () => state.now) };
}

const taken = new SixfoldError("failed_precondition", "another");
const away = new SixfoldError("unavailable", "away");

test("a fresh heartbeat is believed, a stale one is made again, once for all who ask", async () => {
  const { state, standing } = setUp();
  await standing.beat();
  state.now = 30_000;
  await standing.check();
  assert.equal(state.asked, 1);
  state.now = 60_001;
  await Promise.all([standing.check(), standing.check(), standing.check()]);
  assert.equal(state.asked, 2);
});

test("a process that wakes up under a taken identity refuses at once", async () => {
  const { state, standing } = setUp();
  await standing.beat();
  state.now = 60_000;
  state.answer = taken;
  await assert.rejects(standing.check(), { detail: "WRONG_SERVER" });
  state.answer = undefined;
  await assert.rejects(standing.check(), { detail: "WRONG_SERVER" });
});

test("while PostgreSQL is away, writes are acknowledged", async () => {
  const { state, standing } = setUp();
  await standing.beat();
  state.now = 60_000;
  state.answer = away;
  await standing.check();
});

test("an answer that was on its way when the process fell asleep says nothing of now", async () => {
  const { state } = setUp();
  const answers: (() => void)[] = [];
  const standing = new Standing(30_000, () => {
    if (state.answer) return Promise.reject(state.answer);
    return new Promise<void>((resolve) => answers.push(resolve));
  }, () => state.now);
  void standing.beat();
  state.now = 60_000;
  state.answer = taken;
  const checking = standing.check();
  answers[0]?.();
  await assert.rejects(checking, { detail: "WRONG_SERVER" });
});

test("an acknowledgement does not wait long for a database that does not answer", async () => {
  const standing = new Standing(30_000, () => new Promise<void>(() => {}), () => 0);
  await standing.check();
});
