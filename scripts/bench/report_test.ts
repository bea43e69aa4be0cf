import assert from "node:assert/strict";
import type { Measurement } from "./measure.ts";
import { compared, line, moved, ratioOf, spread } from "./report.ts";

const of = (rate: number, gateway: number, daemons: number): Measurement => {
  return { name: "up 10 MiB", rate, unit: "MiB/s", median: 5, p99: 9, cpu: { client: 1, gateway, daemons } };
};

Deno.test("ratios leave the client out, and what moves by more than 15 % is told as better or worse", () => {
  const ratio = ratioOf(of(200, 2, 2), of(800, 0.5, 0.5));
  assert.deepEqual(ratio, { rate: 0.25, cpu: 4 });
  assert.match(line(of(200, 2, 2), ratio), /200 MiB\/s .* rate x0.25, CPU x4.0/);
  assert.deepEqual(moved({ a: ratio, fresh: ratio }, { a: { rate: 0.24, cpu: 4.1 } }), []);
  const sentences = moved({ a: ratio }, { a: { rate: 0.5, cpu: 8 } });
  assert.deepEqual(sentences.map((text) => text.split(":")[0]), ["WORSE", "better"]);
});

Deno.test("two versions are told as changes of rate, median and CPU", () => {
  assert.match(compared("up", of(100, 4, 4), of(150, 2, 2)), /rate \+50 %, median \+0 %, CPU -50 %/);
});

Deno.test("runs by turns are told as the CPU of all together, and that of the pairs", () => {
  const off = [of(1, 4, 4), of(1, 5, 5), of(1, 1, 1)];
  const on = [of(1, 4, 4), of(1, 6, 5), of(1, 1, 1.5)];
  assert.equal(
    spread(off, on),
    "CPU +7.5 % over 3 runs (pairs: +0.0 %, +10.0 %, +25.0 %): gateway +10.0 %, daemons +5.0 %",
  );
});
