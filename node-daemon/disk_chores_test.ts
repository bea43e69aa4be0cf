import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "../shared/logger.ts";
import { DiskChores } from "./disk_chores.ts";

test("a chore that hangs holds up neither others nor the end, and its kind waits", async () => {
  const lines: string[] = [];
  const chores = new DiskChores(createLogger("warn", (line) => lines.push(line), {}));
  const done: string[] = [];
  let free = (): void => {};
  chores.begin("hangs", () => new Promise<void>((resolve) => free = resolve));
  chores.begin("hangs", () => Promise.resolve(void done.push("twice")));
  chores.begin("works", () => Promise.resolve(void done.push("works")));
  chores.begin("fails", () => Promise.reject(new Error("EROFS")));
  await chores.settle(20);
  assert.deepEqual(done, ["works"]);
  assert.match(lines.join(), /EROFS/);
  free();
  await chores.settle(1000);
  chores.begin("hangs", () => Promise.resolve(void done.push("again")));
  await chores.settle(1000);
  assert.deepEqual(done, ["works", "again"]);
});
