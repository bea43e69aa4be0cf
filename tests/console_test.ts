import assert from "node:assert/strict";
import { TestCluster } from "./cluster.ts";

Deno.test("the console", async (t) => {
  await using cluster = await TestCluster.start(0);
  const address = await cluster.addGateway();

  await t.step("its parts are small, never change under their names, and may do little", async () => {
    const page = await fetch(address);
    const html = await page.text();
    assert.equal(page.headers.get("cache-control"), "no-cache");
    assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'self';/);
    assert.ok(!/https?:|\bstyle=|<script>/.test(html), "the page has nothing of others, and nothing inline");
    const etag = page.headers.get("etag") ?? "";
    const again = await fetch(address, { headers: { "if-none-match": etag } });
    assert.equal(again.status, 304);
    let sum = 0;
    for (const [, path] of html.matchAll(/"(\/console\/[^"]+)"/g)) {
      const part = await fetch(`${address}${path}`, { headers: { "accept-encoding": "identity" } });
      assert.match(part.headers.get("cache-control") ?? "", /immutable/);
      assert.equal(Number(part.headers.get("content-length")), (await part.bytes()).length);
      const zipped = new Deno.Command("curl", { args: ["-s", "-H", "accept-encoding: gzip", `${address}${path}`] });
      sum += (await zipped.output()).stdout.length;
    }
    assert.ok(sum > 10_000 && sum < 200 * 1024, `${sum} bytes`);
    const missing = await fetch(`${address}/console/console.0.js`);
    await missing.body?.cancel();
    assert.equal(missing.status, 404);
  });
});
