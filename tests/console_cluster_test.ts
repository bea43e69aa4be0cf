import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browser, openBrowser } from "../scripts/browser.ts";
import { seconds, TestCluster } from "./cluster.ts";
import { millionKeys } from "./console/million_keys.ts";
import { axe, drop, inspect, SHOTS, wordAt } from "./console/pages.ts";
import { when } from "./when.ts";

const MIB = 1024 * 1024;
const LARGE = 200 * MIB;
const SEEN_MS = 5000;

/** Whether a file on this machine is what was dropped, byte for byte. */
async function isWhatWasDropped(path: string, size: number): Promise<boolean> {
  using file = await Deno.open(path);
  const piece = new Uint8Array(4 * MIB);
  let at = 0;
  for (let filled = 0;;) {
    const count = await file.read(piece.subarray(filled));
    if (count !== null && filled + count < piece.length) {
      filled += count;
      continue;
    }
    const length = filled + (count ?? 0);
    const expected = Uint32Array.from({ length: length / 4 }, (_, i) => wordAt(at / 4 + i));
    if (!Buffer.from(expected.buffer).equals(piece.subarray(0, length))) return false;
    at += length;
    filled = 0;
    if (count === null) return at === size;
  }
}

Deno.test({
  ...when(
    browser !== undefined,
    "it needs Chromium",
    "the console: 200 MiB by drag and drop and back, a million keys, and a daemon killed before the user's eyes",
  ),
  async fn(t) {
    await using cluster = await TestCluster.start(0);
    for (let i = 0; i < 6; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, { SIXFOLD_HEARTBEAT: "500" });
    const address = await cluster.addGateway({ SIXFOLD_REPAIR_AFTER: "10s", SIXFOLD_REPAIR_RATE: "1M" });
    const put = await fetch(`${address}/v1/files/demo/kept.bin`, { method: "PUT", body: new Uint8Array(12 * MIB) });
    await put.body?.cancel();
    await Deno.mkdir(SHOTS, { recursive: true });
    const { page, problems, close } = await openBrowser();
    page.setDefaultTimeout(60_000);
    try {
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(`${address}/#/files/demo/`);
      await page.evaluate(axe);
      await page.getByRole("link", { name: "kept.bin" }).waitFor();

      await t.step("200 MiB are dropped, traced, saved byte for byte, and deleted", () => large(page));

      await t.step("a million keys scroll, in order and in bounded memory, and are searched", async () => {
        await millionKeys(page, address, cluster.postgres.url);
      });

      await t.step("a daemon that is killed is seen within seconds, and its chunks are rebuilt", async () => {
        await page.getByRole("link", { name: "Cluster", exact: true }).click();
        await page.getByText("Time of a request").waitFor();
        await inspect(page, "cluster-top");
        const [lost] = cluster.daemons.splice(2, 1);
        lost?.process.kill("SIGKILL");
        await lost?.process.status;
        const took = await seconds(async () => {
          await page.locator(".server", { hasText: lost?.http ?? "" }).getByText("no answer").waitFor();
          await page.getByText("5 of 6 servers").waitFor();
        });
        assert.ok(took * 1000 < SEEN_MS, `${took} s`);
        await page.getByRole("progressbar", { name: "Repair" }).waitFor();
        await inspect(page, "repair");
        await page.getByText(/^No chunk is missing\. .* were rebuilt\.$/).waitFor();
        await page.getByRole("link", { name: "Files", exact: true }).click();
        await page.getByRole("link", { name: "demo" }).click();
        await page.getByRole("link", { name: "kept.bin" }).click();
        // On five servers one of them keeps two of the six chunks.
        await page.getByText("Survives one more loss.").waitFor();
      });
      assert.deepEqual(problems, []);
    } finally {
      await close();
    }
  },
});

async function large(page: Page): Promise<void> {
  await drop(page, "large.mp4", LARGE);
  await page.getByText("1 upload done").waitFor();
  await page.getByRole("button", { name: "Clear done" }).click();

  await page.getByRole("link", { name: "Requests" }).click();
  await page.locator(".request-list a", { hasText: "/v1/uploads/{id}" }).first().click();
  await page.locator(".waterfall").getByRole("button", { name: /^chunk.put/ }).nth(5).waitFor();
  assert.ok(await page.locator(".waterfall .fsync").count() > 0, "how long fsync took is in the bars");
  await page.goBack();

  await page.getByRole("link", { name: "Files", exact: true }).click();
  await page.getByRole("link", { name: "demo" }).click();
  await page.getByRole("link", { name: "large.mp4" }).click();
  await page.getByText("Survives two more losses.").waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download" }).click(),
  ]);
  assert.ok(await isWhatWasDropped(await download.path(), LARGE), "what is saved is what was dropped");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("link", { name: "large.mp4" }).waitFor({ state: "detached" });
}
