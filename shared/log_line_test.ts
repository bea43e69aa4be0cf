import assert from "node:assert/strict";
import { test } from "node:test";
import { terminalLine } from "./log_line.ts";

test("at a terminal a line is for people, and one line whatever is in it", () => {
  const cause = Object.assign(new Error("no route\x1b[2J"), { code: "EHOSTUNREACH" });
  const line = terminalLine({
    time: "2026-01-02T03:04:05.678Z",
    level: "warn",
    message: "a server is away",
    service: "gateway",
    requestId: undefined,
    serverId: "s-1",
    reason: "two words\nand \x1b[31mmore",
    bytes: 12n,
    error: Object.assign(new Error("it cannot be reached", { cause }), { code: "unavailable" }),
  });
  assert.deepEqual(
    line.split("\n"),
    [
      '03:04:05.678 warn  gateway a server is away serverId=s-1 reason="two words\\nand \\u001b[31mmore" bytes="12"',
      "    Error: it cannot be reached (unavailable)",
      "    caused by Error: no route\\u001b[2J (EHOSTUNREACH)",
    ],
  );
});
