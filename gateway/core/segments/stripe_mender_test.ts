import assert from "node:assert/strict";
import { test } from "node:test";
import { Stripe } from "../../../shared/erasure.ts";
import { parseLayout } from "../../../shared/layout.ts";
import { mendStripe } from "./stripe_mender.ts";

test("whatever blocks are missing, the data comes out, in the window's own memory", () => {
  for (const layout of ["4+2", "3+3", "5+1"].map(parseLayout)) {
    const blockSize = 4096;
    const stripe = new Stripe(layout, blockSize);
    crypto.getRandomValues(stripe.data);
    for (const length of [blockSize, 100]) {
      stripe.encode(length);
      for (let lost = 0; lost < 64; lost++) {
        const indexes = [0, 1, 2, 3, 4, 5].filter((index) => lost & (1 << index));
        if (indexes.length > layout.m) continue;
        const blocks = stripe.blocks.map((block, index) => [
          indexes.includes(index) ? undefined : block.slice(0, length),
        ]);
        mendStripe({ ...layout, blockSize }, blocks, 0, length);
        for (let index = 0; index < layout.k; index++) {
          assert.deepEqual(blocks[index]?.[0], stripe.blocks[index]?.slice(0, length));
        }
      }
    }
  }
});
