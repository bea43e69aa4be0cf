import assert from "node:assert/strict";
import { test } from "node:test";
import { countText, hexText, percentText, plural, sizeText, timeText } from "./format.ts";

test("numbers are short and true", () => {
  assert.deepEqual([0, 999, 1536, 20 * 2 ** 20, 3n * 2n ** 30n].map(sizeText), [
    "0 B",
    "999 B",
    "1.5 KiB",
    "20.0 MiB",
    "3.0 GiB",
  ]);
  assert.deepEqual([9, 600, 7200, 400_000, Infinity].map(timeText), ["9 s", "10 min", "2 h", "5 days", "–"]);
  assert.equal(countText(1234567n), "1,234,567");
  assert.deepEqual([plural(1, "file"), plural(0n, "file")], ["1 file", "0 files"]);
  assert.deepEqual([0.0123, 0.5].map(percentText), ["1.2 %", "50 %"]);
  assert.equal(hexText(Uint8Array.of(0, 255)), "00ff");
});
