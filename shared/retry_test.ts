import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SixfoldError } from "./errors.ts";
import { retry, RetryBudget } from "./retry.ts";

const never = new AbortController().signal;
const away = () => new SixfoldError("unavailable", "away");

/** A call that fails so often, and what it was waited for. */
function failing(times: number, error: () => Error = away) {
  let calls = 0;
  const waits: number[] = [];
  const rules = {
    budget: new RetryBudget(),
    random: () => 1,
    sleep: (ms: number) => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
  const call = () => ++calls > times ? Promise.resolve("fine") : Promise.reject(error());
  return { rules, call, waits, calls: () => calls };
}

test("three retries after 1, 2 and 4 s at most, then the error", async () => {
  const three = failing(3);
  assert.equal(await retry(three.call, never, three.rules), "fine");
  assert.deepEqual(three.waits, [1000, 2000, 4000]);
  const four = failing(4);
  await assert.rejects(retry(four.call, never, four.rules), /away/);
  assert.equal(four.calls(), 4);
});

test("waits are spread over the whole time", async () => {
  const { rules, call, waits } = failing(3);
  await retry(call, never, { ...rules, random: () => 0.25 });
  assert.deepEqual(waits, [250, 500, 1000]);
});

test("only what may pass is tried again", async () => {
  for (const error of [new SixfoldError("not_found", "gone"), new SixfoldError("data_loss", "bad"), new Error("?")]) {
    const { rules, call, calls } = failing(1, () => error);
    await assert.rejects(retry(call, never, rules), error);
    assert.equal(calls(), 1);
  }
});

test("the deadline ends the waiting", async () => {
  const deadline = new AbortController();
  const { rules, call, calls } = failing(9);
  const wait = () => {
    deadline.abort();
    return Promise.resolve();
  };
  await assert.rejects(retry(call, deadline.signal, { ...rules, sleep: wait }), /away/);
  assert.equal(calls(), 1);
});

test("whatever fails, a tenth of the requests at most are retries, besides the first ten", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 500 }), (wanted) => {
    const budget = new RetryBudget();
    let retries = 0;
    for (const [i, times] of wanted.entries()) {
      budget.request();
      for (let n = 0; n < times; n++) if (budget.take()) retries++;
      assert.ok(retries <= 10 + (i + 1) / 10 + 1e-6, `${retries} of ${i + 1}`);
    }
  }));
});
