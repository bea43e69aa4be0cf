import assert from "node:assert/strict";
import { ROOT } from "../scripts/programs.ts";

async function bench(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${ROOT}scripts/bench.ts`, "--bytes", "20M", ...args],
  }).output();
  const text = new TextDecoder();
  assert.ok(success, text.decode(stderr));
  return text.decode(stdout);
}

Deno.test("the benchmark runs through on a few MiB and fills its table", async () => {
  const json = await Deno.makeTempFile();
  const table = await bench("--hop", "web", "--json", json);
  assert.equal(table.match(/^(up|down|mixed|list) .* (MiB|req)\/s .*empty server/gm)?.length, 4 + 10, table);
  assert.equal(table.match(/^peak memory, MiB: gateway \d+; daemons \d+(, \d+){5}$/gm)?.length, 1, table);
  assert.match(table, /^six writers, durable order: \d+ MiB\/s/m);
  const { figures, ratios } = JSON.parse(await Deno.readTextFile(json));
  assert.equal(figures.web.length, 10);
  assert.ok(Object.values<{ rate: number }>(ratios).every(({ rate }) => rate > 0), JSON.stringify(ratios));
  await Deno.remove(json);
});
