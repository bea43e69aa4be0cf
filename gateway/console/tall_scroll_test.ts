import assert from "node:assert/strict";
import { test } from "node:test";
import { scrollOf } from "./tall_scroll.ts";

test("a list is scrolled pixel by pixel, and where it is too tall from its first row to its last all the same", () => {
  assert.deepEqual(scrollOf(440_000, 900), { drawn: 440_000, scale: 1 });
  const { drawn, scale } = scrollOf(44_000_000, 900);
  assert.ok(drawn < 17_800_000);
  assert.equal(Math.round((drawn - 900) * scale), 44_000_000 - 900);
});
