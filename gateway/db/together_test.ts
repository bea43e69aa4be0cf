import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "../../shared/errors.ts";
import { Together } from "./together.ts";

/** Rounds that end when they are told to, each answer ten times its question. */
function rounds(waitMs = 60_000) {
  const asked: (readonly number[])[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const together = new Together<number, number>({
    ask: (questions) =>
      new Promise((resolve, reject) => {
        asked.push(questions);
        ends.push((error) => error ? reject(error) : resolve(questions.map((question) => question * 10)));
      }),
    rounds: 2,
    most: 3,
    waitMs,
    busy: () => new SixfoldError("unavailable", "busy"),
  });
  return { together, asked, ends };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("the first questions go at once, and those that come meanwhile go together, so many at a time", async () => {
  const { together, asked, ends } = rounds();
  const answers = Promise.all([1, 2, 3, 4, 5, 6].map((question) => together.ask(question)));
  assert.deepEqual(asked, [[1], [2]]);
  ends[1]?.();
  await settled();
  assert.deepEqual(asked, [[1], [2], [3, 4, 5]]);
  ends[0]?.();
  await settled();
  assert.deepEqual(asked[3], [6]);
  ends[2]?.();
  ends[3]?.();
  assert.deepEqual(await answers, [10, 20, 30, 40, 50, 60]);
  void together.ask(7);
  assert.deepEqual(asked[4], [7]);
});

test("a round that fails fails for its own questions", async () => {
  const { together, ends } = rounds();
  const answers = Promise.allSettled([1, 2, 3].map((question) => together.ask(question)));
  ends[0]?.(new Error("broken"));
  ends[1]?.();
  await settled();
  ends[2]?.();
  assert.deepEqual((await answers).map((one) => one.status === "fulfilled" ? one.value : one.reason.message), [
    "broken",
    20,
    30,
  ]);
});

test("who waits for a round that does not come is told so", async () => {
  const { together, asked } = rounds(1);
  void together.ask(1);
  void together.ask(2);
  await assert.rejects(together.ask(3), { code: "unavailable" });
  assert.equal(asked.length, 2);
});
