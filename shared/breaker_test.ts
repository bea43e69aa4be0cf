import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Breaker, type Pass } from "./breaker.ts";

function make() {
  const clock = { now: 0 };
  const changes: string[] = [];
  const breaker = new Breaker(() => clock.now, (from, to) => changes.push(`${from} -> ${to}`));
  const enter = () => {
    const pass = breaker.enter();
    assert.ok(pass, "refused");
    return pass;
  };
  return { clock, changes, breaker, enter };
}

test("five failures in a row open it, four and a success do not", () => {
  const { breaker, enter } = make();
  for (let i = 0; i < 4; i++) enter().fail();
  enter().succeed();
  for (let i = 0; i < 4; i++) enter().fail();
  assert.deepEqual(breaker.state, { kind: "closed", failures: 4 });
  enter().fail();
  assert.deepEqual(breaker.state, { kind: "open", until: 30_000 });
  assert.equal(breaker.enter(), undefined);
});

test("after 30 s it lets one call at a time through, and closes after three successes", () => {
  const { breaker, clock, enter, changes } = make();
  for (let i = 0; i < 5; i++) enter().fail();
  clock.now = 29_999;
  assert.equal(breaker.enter(), undefined);
  clock.now = 30_000;
  for (let i = 0; i < 3; i++) {
    const probe = enter();
    assert.equal(breaker.enter(), undefined, "a second probe at once");
    probe.succeed();
  }
  assert.deepEqual(breaker.state, { kind: "closed", failures: 0 });
  assert.deepEqual(changes, ["closed -> open", "open -> half-open", "half-open -> closed"]);
});

test("a probe that fails opens it for another 30 s; one that says nothing makes room for the next", () => {
  const { breaker, clock, enter } = make();
  for (let i = 0; i < 5; i++) enter().fail();
  clock.now = 30_000;
  enter().release();
  enter().succeed();
  enter().fail();
  assert.deepEqual(breaker.state, { kind: "open", until: 60_000 });
});

test("calls that began before it opened say nothing afterwards", () => {
  const { breaker, clock, enter } = make();
  const old = Array.from({ length: 9 }, enter);
  for (const pass of old.slice(0, 5)) pass.fail();
  clock.now = 30_000;
  const probe = enter();
  for (const pass of old.slice(5)) pass.fail();
  assert.equal(breaker.state.kind, "half-open");
  probe.succeed();
  probe.fail();
  assert.deepEqual(breaker.state, { kind: "half-open", successes: 1, probing: false });
});

test("whatever happens, it opens only after five failures in a row, and closes only after three successes", () => {
  const step = fc.constantFrom("enter", "succeed", "fail", "release", "wait");
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const clock = { now: 0 };
    let failures = 0;
    let successes = 0;
    let kind = "closed";
    const open: Pass[] = [];
    const breaker = new Breaker(() => clock.now, (from, to) => {
      if (to === "open") assert.ok(from === "half-open" || failures >= 4, `opened after ${failures + 1}`);
      if (to === "closed") assert.ok(successes >= 2, `closed after ${successes + 1}`);
      kind = to;
      failures = successes = 0;
      // What began before is not heard any more.
      open.length = 0;
    });
    for (const step of steps) {
      if (step === "wait") clock.now += 10_000;
      else if (step === "enter") {
        const before = breaker.state;
        const pass = breaker.enter();
        if (pass) open.push(pass);
        assert.equal(
          pass !== undefined,
          before.kind === "closed" || (before.kind === "half-open" && !before.probing),
        );
        if (kind === "half-open") assert.ok(open.length <= 1, "two probes at once");
      } else {
        open.shift()?.[step]();
        if (step === "fail") failures = kind === "closed" ? count(breaker) : 0;
        if (step === "succeed") {
          successes = breaker.state.kind === "half-open" ? breaker.state.successes : 0;
          failures = count(breaker);
        }
      }
    }
  }));
});

function count({ state }: Breaker): number {
  return state.kind === "closed" ? state.failures : 0;
}
