import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openSource } from "./source.ts";

const SIZE = 300_000;
const all = Uint8Array.from({ length: SIZE }, (_, i) => (i * 31) ^ (i >> 8));

test("a Blob gives the bytes of any place, and fewer only at its end", async () => {
  const length = fc.integer({ min: 0, max: SIZE });
  // Mostly one after another, as uploads take them; a place at random is where one begins anew.
  const takes = fc.array(fc.record({ length, from: fc.option(length, { freq: 3 }) }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(takes, async (takes) => {
      const source = await openSource(new Blob([all]));
      let at = 0;
      for (const { length, from } of takes) {
        const offset = from ?? at;
        const bytes = await source.take(offset, length);
        assert.deepEqual(bytes, all.slice(offset, offset + length));
        at = offset + bytes.length;
        source.give?.(bytes);
      }
      await source.close();
    }),
    { numRuns: 50 },
  );
});
