import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Stripe } from "./erasure.ts";
import { multiply, power } from "./galois.ts";
import { CHUNKS, parseLayout } from "./layout.ts";

const LAYOUTS = ["6+0", "5+1", "4+2", "3+3"].map(parseLayout);
const BLOCK = 4096;

function fill(stripe: Stripe, length: number, seed: number): void {
  let state = seed;
  for (let i = 0; i < stripe.layout.k; i++) {
    const block = stripe.blocks[i];
    for (let at = 0; at < length; at++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      if (block) block[at] = state >>> 24;
    }
  }
}

/** Every set of at most `most` of the six chunks. */
function lossPatterns(most: number): number[][] {
  return Array.from({ length: 1 << CHUNKS }, (_, bits) => [...Array(CHUNKS).keys()].filter((i) => bits & (1 << i)))
    .filter((lost) => lost.length <= most);
}

test("every pattern of up to m losses is mended in every layout", () => {
  for (const layout of LAYOUTS) {
    for (const lost of lossPatterns(layout.m)) {
      const stripe = new Stripe(layout, BLOCK);
      fill(stripe, 1000, 7);
      stripe.encode(1000);
      const whole = stripe.blocks.map((block) => block.slice(0, 1000));
      for (const index of lost) stripe.blocks[index]?.fill(0xee);
      stripe.decode(new Set([...Array(CHUNKS).keys()].filter((i) => !lost.includes(i))), 1000);
      for (let i = 0; i < layout.k; i++) assert.deepEqual(stripe.blocks[i]?.subarray(0, 1000), whole[i]);
    }
  }
});

test("more than m losses are refused", () => {
  assert.throws(() => new Stripe(parseLayout("4+2"), BLOCK).decode(new Set([0, 1, 5]), 16), RangeError);
});

test("parity rows are XOR, then powers of two, at any length and block size", () => {
  const lengths = fc.integer({ min: 1, max: 3 * 4096 });
  // Blocks that are smaller and larger than what lies before them in the kernel's memory.
  const sizes = fc.constantFrom(3 * 4096, 128 * 1024);
  fc.assert(
    fc.property(fc.constantFrom(...LAYOUTS), sizes, lengths, fc.nat(), (layout, size, length, seed) => {
      const stripe = new Stripe(layout, size);
      fill(stripe, length, seed);
      stripe.encode(length);
      const at = seed % length;
      for (let row = 0; row < layout.m; row++) {
        let sum = 0;
        for (let i = 0; i < layout.k; i++) sum ^= multiply(power(row * i), stripe.blocks[i]?.[at] ?? 0);
        assert.equal(stripe.blocks[layout.k + row]?.[at], sum);
      }
    }),
    { numRuns: 50 },
  );
});
