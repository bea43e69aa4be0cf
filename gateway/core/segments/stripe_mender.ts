/** Computes the data blocks that stripes lack from their other blocks. */
import { Stripe } from "../../../shared/erasure.ts";
import type { Layout } from "../../../shared/layout.ts";
import { decodedStripes } from "../telemetry/metrics.ts";
import type { Blocks } from "./window_race.ts";

/** The memory in which it is done: nothing else runs between its filling and its emptying, so one is enough for all. */
let workbench: { readonly stripe: Stripe; readonly k: number; readonly blockSize: number } | undefined;

/**
 * Puts the missing data blocks of the stripe at place `i` of a window where parity was: a block that was decoded takes
 * the memory of one that it came from. The stripe has k blocks at least.
 * @param length bytes of each of its blocks
 * @returns whether anything was missing
 */
export function mendStripe(
  layout: Layout & { readonly blockSize: number },
  blocks: Blocks,
  i: number,
  length: number,
): boolean {
  const { k, m, blockSize } = layout;
  const here = [...blocks.keys()].filter((index) => blocks[index]?.[i] !== undefined).slice(0, k);
  const missing = [...Array(k).keys()].filter((index) => !here.includes(index));
  if (missing.length === 0) return false;
  decodedStripes(1);
  if (workbench?.k !== k || workbench.blockSize !== blockSize) {
    workbench = { stripe: new Stripe({ k, m }, blockSize), k, blockSize };
  }
  const { stripe } = workbench;
  for (const index of here) stripe.blocks[index]?.set(blocks[index]?.[i] ?? []);
  stripe.decode(new Set(here), length);
  const parity = here.filter((index) => index >= k);
  for (const [n, index] of missing.entries()) {
    const place = blocks[parity[n] ?? -1]?.[i];
    place?.set(stripe.blocks[index]?.subarray(0, length) ?? []);
    const chunk = blocks[index];
    if (chunk !== undefined) chunk[i] = place;
  }
  return true;
}
