import assert from "node:assert/strict";
import { test } from "node:test";
import { SlowClients } from "./slow_clients.ts";

test("slow clients go one by one while others wait, the slowest first; fast ones and those not waited for stay", async (t) => {
  const crowded = { uploads: false, downloads: false };
  const clients = new SlowClients({ uploads: () => crowded.uploads, downloads: () => crowded.downloads });
  t.after(() => clients.close());
  const cut: string[] = [];
  const follow = (kind: "upload" | "download", name: string) =>
    clients.follow(kind, ({ code }) => cut.push(`${name} ${code}`));
  const drip = follow("upload", "drip");
  const slow = follow("upload", "slow");
  const fast = follow("upload", "fast");
  const reader = follow("download", "reader");
  follow("upload", "busy");
  for (const transfer of [drip, slow, fast, reader]) transfer.wait();
  const send = setInterval(() => {
    drip.progress(1);
    slow.progress(10_000);
    fast.progress(10_000_000);
    for (const transfer of [drip, slow, fast]) transfer.wait();
  }, 100);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.deepEqual(cut, []);
  crowded.uploads = true;
  await new Promise((resolve) => setTimeout(resolve, 800));
  clearInterval(send);
  assert.deepEqual(cut, ["drip resource_exhausted", "slow resource_exhausted"]);
  crowded.downloads = true;
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.deepEqual(cut.slice(2), ["reader resource_exhausted"]);
});
