import assert from "node:assert/strict";
import { test } from "node:test";
import { DiskProbe } from "./disk_probe.ts";

function setUp() {
  const disk = { asked: 0, answer: () => Promise.resolve() as Promise<void> };
  const probe = new DiskProbe(() => {
    disk.asked++;
    return disk.answer();
  });
  const tick = async (times: number) => {
    for (let i = 0; i < times; i++) {
      probe.tick();
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  return { disk, probe, tick };
}

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

test("a disk that hangs is in trouble within 13 ticks, and well again once it syncs", async () => {
  const { disk, probe, tick } = setUp();
  await tick(1);
  let finish = () => {};
  disk.answer = () => new Promise<void>((resolve) => finish = resolve);
  await tick(9);
  assert.equal(probe.trouble, "");
  await tick(4);
  assert.match(probe.trouble, /hangs/);
  finish();
  await tick(1);
  assert.equal(probe.trouble, "");
});

test("it asks every third tick, and never beside a question that is open", async () => {
  const { disk, tick } = setUp();
  await tick(10);
  assert.equal(disk.asked, 4);
  disk.answer = () => new Promise<void>(() => {});
  await tick(30);
  assert.equal(disk.asked, 5);
});

test("a disk that refuses is in trouble at once; a full one is not", async () => {
  const { disk, probe, tick } = setUp();
  for (const code of ["EROFS", "EIO"]) {
    disk.answer = failing(code);
    await tick(3);
    assert.match(probe.trouble, new RegExp(code));
  }
  disk.answer = failing("ENOSPC");
  await tick(3);
  assert.equal(probe.trouble, "");
});
