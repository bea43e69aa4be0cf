import assert from "node:assert/strict";
import { get } from "node:http";
import { openDatabase } from "../gateway/db/database.ts";
import { until } from "../scripts/programs.ts";
import { browser, openBrowser } from "../scripts/browser.ts";
import { TestCluster } from "./cluster.ts";
import { axe, drop, dropFolder, inspect, SHOTS, wordAt } from "./console/pages.ts";
import { when } from "./when.ts";

const MIB = 1024 * 1024;
const SCRIPT_KEY = "<script>window.hacked = 1<b>.txt";
const PAGE = "<p>hello from the page</p><script>top.document.title = document.body.textContent = 'hacked'</script>";
const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="120" onload="top.document.title='hacked'">
<script>top.document.title = 'hacked'</script><rect width="320" height="120" fill="teal"/></svg>`;
const PARTS = "**/v1/uploads/**";

Deno.test("the console", async (t) => {
  await using cluster = await TestCluster.start(6);
  const address = await cluster.addGateway();
  const put = async (key: string, body: BodyInit, type: string) => {
    const url = `${address}/v1/files/demo/${key.split("/").map(encodeURIComponent).join("/")}`;
    const response = await fetch(url, { method: "PUT", body, headers: { "content-type": type } });
    await response.body?.cancel();
    assert.equal(response.status, 201);
  };

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
      sum += await new Promise<number>((resolve, reject) => {
        // Not fetch, which would unpack it.
        get(`${address}${path}`, { headers: { "accept-encoding": "gzip" } }, async (zipped) => {
          resolve((await Array.fromAsync(zipped)).reduce((bytes, piece) => bytes + piece.length, 0));
        }).on("error", reject);
      });
    }
    assert.ok(sum > 10_000 && sum < 200 * 1024, `${sum} bytes`);
    const missing = await fetch(`${address}/console/console.0.js`);
    await missing.body?.cancel();
    assert.equal(missing.status, 404);
  });

  await t.step({
    ...when(
      browser !== undefined,
      "it needs Chromium",
      "it shows, stores, reads and deletes files, and tells of the cluster",
    ),
    async fn() {
      await put(SCRIPT_KEY, "plain", "text/plain");
      await put("page.html", PAGE, "text/html");
      await put("picture.svg", PICTURE, "image/svg+xml");
      await put("reports/2026/november.pdf", new Uint8Array(3 * MIB), "application/pdf");
      await Deno.mkdir(SHOTS, { recursive: true });
      const { page, problems, close } = await openBrowser();
      page.setDefaultTimeout(60_000);
      try {
        await page.setViewportSize({ width: 1440, height: 900 });
        await page.goto(address);
        await page.evaluate(axe);
        await page.getByRole("link", { name: "demo" }).click();
        await page.getByRole("link", { name: SCRIPT_KEY }).waitFor();

        // No part arrives before it was paused, however fast the machine is.
        const paused = Promise.withResolvers<void>();
        await page.route(PARTS, async (route) => {
          await paused.promise;
          await route.continue();
        });
        await drop(page, "film.mp4", 20 * MIB);
        await page.getByRole("button", { name: "Pause film.mp4" }).click();
        await page.getByRole("button", { name: "Resume film.mp4" }).waitFor();
        await inspect(page, "uploads");
        paused.resolve();
        await page.getByRole("button", { name: "Resume film.mp4" }).click();
        await page.getByText("1 upload done").waitFor();
        await page.unroute(PARTS);
        await page.getByRole("button", { name: "Clear done" }).click();

        await page.getByRole("link", { name: "film.mp4" }).click();
        await page.getByText("Survives two more losses.").waitFor();
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("link", { name: "Download" }).click(),
        ]);
        const saved = await Deno.readFile(await download.path());
        const words = new Uint32Array(20 * MIB / 4).map((_, i) => wordAt(i));
        assert.ok(Buffer.from(words.buffer).equals(saved), "what is saved is what was dropped");
        await inspect(page, "file");
        await page.getByRole("button", { name: "Delete" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
        await page.getByRole("link", { name: "film.mp4" }).waitFor({ state: "detached" });
        await page.getByRole("button", { name: "Undo" }).click();
        await page.getByText("film.mp4 is back.").waitFor();
        await page.getByRole("link", { name: "film.mp4" }).click();
        await page.getByText("Survives two more losses.").waitFor();
        await page.getByRole("button", { name: "Delete" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
        await page.getByRole("link", { name: "film.mp4" }).waitFor({ state: "detached" });

        await page.getByRole("link", { name: "picture.svg" }).click();
        await page.getByAltText("Preview of picture.svg").waitFor();
        const drawn = page.getByAltText("Preview of picture.svg");
        assert.equal(await drawn.evaluate((image) => Reflect.get(image, "naturalWidth")), 320);
        await page.getByRole("link", { name: "page.html" }).click();
        await page.getByText("<p>hello from the page</p>").waitFor();
        assert.deepEqual(problems, []);
        await page.getByLabel("Show it as a page").check();
        await page.frameLocator("iframe").getByText("hello from the page").waitFor();
        await page.getByLabel("Show it as a page").uncheck();
        assert.equal(await page.title(), "Sixfold");
        assert.equal(await page.evaluate("globalThis.hacked"), undefined);
        // The browser says that it has kept the page's script from running, and nothing else.
        assert.match(problems.splice(0).join(), /^Blocked script execution in 'about:srcdoc'[^,]*$/);
        await page.keyboard.press("Escape");
        await page.locator(".row:focus", { hasText: "page.html" }).waitFor();
        await page.keyboard.press("End");
        await page.locator(".row:focus", { hasText: "reports/" }).waitFor();

        await page.getByPlaceholder("Begins with…").fill("rep");
        await page.getByRole("link", { name: "page.html" }).waitFor({ state: "detached" });
        await page.getByRole("link", { name: "reports/" }).click();
        await page.getByRole("link", { name: "2026/" }).click();
        await page.getByRole("link", { name: "november.pdf" }).waitFor();
        const folder = `${cluster.folder}/travels`;
        await Deno.mkdir(`${folder}/lisbon`, { recursive: true });
        await Deno.writeTextFile(`${folder}/lisbon/notes.txt`, "the ferry leaves at seven\n".repeat(2000));
        await dropFolder(page, folder);
        await page.getByRole("link", { name: "travels/" }).click();
        await page.getByRole("link", { name: "lisbon/" }).click();
        await page.getByRole("link", { name: "notes.txt" }).waitFor();
        await page.getByRole("button", { name: "Clear done" }).click();

        const sql = await openDatabase(cluster.postgres.url, 1);
        await sql`UPDATE cluster SET doubt = 'it was restored'`.finally(() => sql.end());
        await page.getByRole("link", { name: "Cluster", exact: true }).click();
        await page.getByText("Nothing is removed from the disks: it was restored.").waitFor();
        await page.getByRole("button", { name: "It is the right one…" }).click();
        await inspect(page, "trust");
        await page.getByRole("dialog").getByRole("button", { name: "Confirm" }).click();
        await page.getByText("The database is believed.").waitFor();
        await page.getByText("Nothing is removed from the disks").waitFor({ state: "detached" });
        await page.locator(".arc").nth(5).waitFor();
        await page.getByLabel("Bucket").fill("demo");
        await page.getByLabel("Key").fill("film.mp4");
        await page.getByRole("button", { name: "Look up" }).click();
        await page.locator(".order li").nth(5).waitFor();
        assert.equal(await page.locator(".server").count(), 6);
        assert.equal(await page.locator(".way .first").count(), 6);
        await page.getByRole("button", { name: "Dismiss" }).last().click();
        await page.getByText("film.mp4 is deleted.").waitFor({ state: "detached" });
        await page.evaluate("document.querySelector('.ring').scrollIntoView()");
        await inspect(page, "cluster");
        await page.getByRole("button", { name: "Rebalance…" }).click();
        await page.getByText("Nothing would have to move.").waitFor();
        await page.getByRole("button", { name: "Start" }).click();
        await page.getByRole("list").getByText("done", { exact: true }).waitFor();

        await page.getByRole("link", { name: "Requests" }).click();
        await page.getByRole("button", { name: "Slowest" }).click();
        await page.getByRole("button", { name: "Transfers" }).click();
        await inspect(page, "requests");
        await page.locator(".request-list a", { hasText: "PUT /v1/files" }).first().click();
        await page.locator(".waterfall").getByRole("button", { name: /^chunk.put/ }).nth(5).click();
        await inspect(page, "waterfall");

        await page.getByRole("link", { name: "What would I lose" }).click();
        await page.getByText("no file would be lost of 5.").waitFor();
        for (const place of [0, 1, 2]) await page.getByRole("checkbox").nth(place).check();
        await page.getByText("Without these 3 servers, 2 files would be lost of 5.").waitFor();
        await inspect(page, "loss");
        cluster.daemons[0]?.process.kill("SIGTERM");
        await page.getByText("5 of 6 servers").waitFor();
        await page.getByText("away already").waitFor();
        assert.deepEqual(problems, []);

        // From the first key on, nothing is shown before somebody signs in.
        await page.getByRole("link", { name: "Keys" }).click();
        await page.getByLabel("Name").fill("me");
        await page.getByRole("button", { name: "Make the key" }).click();
        await page.getByText("The first key must have the right admin").waitFor();
        for (const verb of ["observe", "admin"]) await page.getByLabel(verb).check();
        await page.getByRole("button", { name: "Make the key" }).click();
        const key = await page.locator(".api-key").innerText();
        await inspect(page, "keys");
        await until("the gateway asks for no key", 60_000, async () => {
          const { keysInUse } = await (await fetch(`${address}/v1/session`)).json();
          return keysInUse === true;
        });
        await page.goto(address);
        await page.getByLabel("API key").fill("a wrong key");
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByText(/^This API key or link is wrong/).waitFor();
        await page.evaluate(axe);
        await inspect(page, "sign-in");
        await page.getByLabel("API key").fill(key);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("link", { name: "demo" }).click();
        await page.getByRole("link", { name: "page.html" }).waitFor();
        assert.equal(await page.evaluate("document.cookie"), "");
        await page.getByRole("link", { name: "Keys" }).click();
        await page.getByRole("button", { name: "Revoke me" }).waitFor();
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByLabel("API key").waitFor();
      } finally {
        await close();
      }
    },
  });
});
