import assert from "node:assert/strict";
import { ROOT } from "../scripts/programs.ts";

Deno.test("the benchmark runs through on a few MiB and fills its table", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${ROOT}scripts/bench.ts`],
    env: { SIXFOLD_BENCH_BYTES: "20M" },
  }).output();
  const text = new TextDecoder();
  assert.ok(success, text.decode(stderr));
  const table = text.decode(stdout);
  assert.equal(table.match(/^(up|down) .* (MiB|files)\/s/gm)?.length, 18, table);
  assert.equal(table.match(/^peak memory, MiB: gateway \d+; daemons \d+(, \d+){5}$/gm)?.length, 2, table);
  assert.match(table, /^six writers, durable order: \d+ MiB\/s/m);
});
