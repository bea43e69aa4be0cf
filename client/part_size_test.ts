import assert from "node:assert/strict";
import { test } from "node:test";
import { PartSize } from "./part_size.ts";

const MIB = 1024 * 1024;

test("parts take some seconds: large on a fast line, small on a slow one", () => {
  const size = new PartSize();
  for (let i = 0; i < 3; i++) size.took(size.now, 10);
  assert.equal(size.now, 8 * MIB);
  size.took(8 * MIB, 12_000);
  assert.equal(size.now, 2 * MIB);
  size.took(2 * MIB, 60_000);
  assert.equal(size.now, MIB);
});

test("a cut makes parts smaller; they grow by doubling only, and no more to the largest size", () => {
  const size = new PartSize();
  size.failed();
  size.failed();
  size.failed();
  assert.equal(size.now, MIB);
  size.took(MIB, 1);
  assert.equal(size.now, 2 * MIB);
  for (let i = 0; i < 3; i++) size.took(size.now, 1);
  assert.equal(size.now, 3 * MIB);
});

test("a large file has parts large enough to be all of it, however slow the line", () => {
  for (const [total, least] of [[1, 1], [7, 1], [10, 2], [50, 7], [1000, 8]] as const) {
    const size = new PartSize(undefined, total * 1024 * MIB);
    for (let i = 0; i < 5; i++) size.failed();
    size.took(size.now, 100_000);
    assert.equal(size.now, least * MIB, `${total} GiB`);
  }
});

test("a size that was asked for stays", () => {
  const size = new PartSize(3 * MIB);
  size.failed();
  size.took(3 * MIB, 1);
  assert.equal(size.now, 3 * MIB);
});

test("a part waits long where nothing is known of the line, or it is slow, and else not for what does not come", () => {
  const size = new PartSize();
  assert.equal(size.patience(4 * MIB), 300_000);
  size.took(4 * MIB, 100);
  assert.equal(size.patience(8 * MIB), 30_000);
  size.took(MIB, 5000);
  assert.equal(size.patience(MIB), 100_000);
  size.took(MIB, 64_000);
  assert.equal(size.patience(MIB), 300_000);
});
