import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "../../../shared/errors.ts";
import { createLogger } from "../../../shared/logger.ts";
import type { ServerRow } from "../../db/servers.ts";
import { tooLate } from "./progress_clock.ts";
import { Suspicion } from "./suspicion.ts";

const server = (id: string, incarnation = "first"): ServerRow => ({ id, incarnation, httpAddress: id }) as ServerRow;

/** A suspicion whose clock stands, and whose sleeps end when the clock is moved on. */
function setUp(probe: () => Promise<void> = () => Promise.resolve()) {
  const time = { now: 0 };
  const lines: string[] = [];
  const sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  const clock = {
    now: () => time.now,
    sleep: (ms: number) => new Promise<void>((wake) => sleepers.push({ until: time.now + ms, wake })),
  };
  let probes = 0;
  const counted = () => {
    probes++;
    return probe();
  };
  const suspicion = new Suspicion(createLogger("debug", (line) => lines.push(line)), 2, counted, clock);
  const pass = async (ms: number) => {
    time.now += ms;
    for (const { until, wake } of sleepers) if (until <= time.now) wake();
    await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { suspicion, lines, pass, probes: () => probes };
}

const broken = () => new SixfoldError("unavailable", "broken");

test("five failures in a row: it is left alone at once, and asked only as the last resort", () => {
  const { suspicion, lines } = setUp();
  const a = server("a");
  for (let i = 0; i < 5; i++) {
    assert.ok(suspicion.trusts(a));
    suspicion.begin(a).ended(broken());
  }
  assert.equal(suspicion.trusts(a), false);
  assert.throws(() => suspicion.begin(a), { code: "unavailable" });
  suspicion.begin(a, true).answered(3);
  assert.equal(suspicion.trusts(a), false);
  const opinion = suspicion.opinion(a);
  assert.deepEqual([opinion.breaker, opinion.lastError, opinion.calls, opinion.failed], ["open", "broken", 6, 5]);
  assert.match(lines.join(), /open.*broken/);
});

test("what is the caller's fault, or a full disk, does not count", () => {
  const { suspicion } = setUp();
  const a = server("a");
  const harmless = [
    new SixfoldError("not_found", "no"),
    new SixfoldError("invalid_argument", "no"),
    new SixfoldError("resource_exhausted", "full", { detail: "DISK_FULL" }),
    new SixfoldError("unavailable", "disk", { detail: "DISK_ERROR" }),
    undefined,
  ];
  for (let i = 0; i < 4; i++) for (const error of harmless) suspicion.begin(a).ended(error);
  assert.equal(suspicion.opinion(a).failures, 0);
  for (let i = 0; i < 5; i++) {
    suspicion.begin(a).ended(new SixfoldError("failed_precondition", "no", { detail: "WRONG_SERVER" }));
  }
  assert.equal(suspicion.trusts(a), false);
});

test("who was left behind counts once it gives no sign of life: one probe for all of them", async () => {
  let alive = true;
  const { suspicion, pass, probes } = setUp(() => alive ? Promise.resolve() : Promise.reject(tooLate("slept")));
  const a = server("a");
  for (let i = 0; i < 9; i++) suspicion.begin(a).leftBehind();
  await pass(0);
  assert.deepEqual([probes(), suspicion.opinion(a).failures], [1, 0]);
  alive = false;
  for (let i = 0; i < 5; i++) suspicion.begin(a).leftBehind();
  await pass(0);
  assert.deepEqual([probes(), suspicion.trusts(a)], [2, false]);
});

test("after 30 s it proves itself by probes of the gateway, three in a row", async () => {
  const { suspicion, pass, probes } = setUp();
  const a = server("a");
  for (let i = 0; i < 5; i++) suspicion.begin(a).ended(broken());
  await pass(29_000);
  assert.equal(probes(), 0);
  await pass(1001);
  assert.equal(probes(), 3);
  assert.ok(suspicion.trusts(a));
});

test("while it does not answer probes it stays alone: one probe every 30 s", async () => {
  const { suspicion, pass, probes } = setUp(() => Promise.reject(broken()));
  const a = server("a");
  for (let i = 0; i < 5; i++) suspicion.begin(a).ended(broken());
  for (let i = 1; i <= 3; i++) {
    await pass(30_001);
    assert.equal(probes(), i);
    assert.equal(suspicion.trusts(a), false);
  }
});

test("a server that begins a new life is met without prejudice", () => {
  const { suspicion } = setUp();
  for (let i = 0; i < 5; i++) suspicion.begin(server("a")).ended(broken());
  assert.ok(suspicion.trusts(server("a", "second")));
});

test("one or two late servers count; three late at once are the gateway's own fault", () => {
  const { suspicion, pass } = setUp();
  const all = ["a", "b", "c"].map((id) => server(id));
  for (let i = 0; i < 9; i++) for (const each of all) suspicion.begin(each, true).ended(tooLate("slept"));
  assert.deepEqual(all.map((each) => suspicion.opinion(each).failures), [0, 0, 0]);
  void pass(60_000);
  for (let i = 0; i < 5; i++) for (const each of all.slice(1)) suspicion.begin(each).ended(tooLate("slept"));
  assert.deepEqual(all.map((each) => suspicion.trusts(each)), [true, false, false]);
});
