import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { DiskSpace } from "./disk_space.ts";

test("the reserve is left alone, also by writers that ask between two looks at the disk", async () => {
  const { free } = await new DiskSpace(tmpdir(), 0).read();
  const space = new DiskSpace(tmpdir(), free - 64 * 2 ** 20);
  const asked = Array.from({ length: 100 }, () => space.require(16 * 2 ** 20).then(() => true, () => false));
  const granted = (await Promise.all(asked)).filter(Boolean).length;
  assert.ok(granted >= 1 && granted < 100, `${granted} of 100`);
  await assert.rejects(new DiskSpace(tmpdir(), 2 ** 60).require(1), { detail: "DISK_FULL" });
});
