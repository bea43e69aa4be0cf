import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";

test("a line is JSON with level, message and fields, and lesser levels are left out", () => {
  const lines: string[] = [];
  const log = createLogger("info", (line) => lines.push(line), { service: "test" }).with({ serverId: "s1" });
  log.debug("no");
  log.info("yes", { bytes: 12n });
  assert.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0] ?? "");
  assert.ok(!Number.isNaN(Date.parse(time)));
  assert.deepEqual(rest, { level: "info", message: "yes", service: "test", serverId: "s1", bytes: "12" });
});

test("errors are logged with their codes and causes", () => {
  const lines: string[] = [];
  const log = createLogger("debug", (line) => lines.push(line));
  const cause = Object.assign(new Error("inner"), { code: "EIO" });
  for (const write of [log.debug, log.warn, log.error]) write("failed", { error: new Error("outer", { cause }) });
  const line = JSON.parse(lines[2] ?? "");
  assert.deepEqual([line.level, line.error.message, line.error.cause.code], ["error", "outer", "EIO"]);
});
