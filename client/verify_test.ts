import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { SixfoldError } from "../shared/errors.ts";
import { type Part, verifyParts } from "./verify.ts";

const hex = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Parts of a body, as lengths say; the last length is what is left. */
function partsOf(body: Uint8Array, lengths: readonly number[]): Part[] {
  const parts: Part[] = [];
  let offset = 0;
  for (const wanted of [...lengths, body.length]) {
    const length = Math.min(wanted, body.length - offset);
    parts.push({ offset, length, sha256: hex(body.subarray(offset, offset + length)) });
    offset += length;
  }
  return parts;
}

async function* piecesOf(body: Uint8Array<ArrayBuffer>, size: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < body.length; at += size) yield await Promise.resolve(body.subarray(at, at + size));
}

const bodies = fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes));
const lengths = fc.array(fc.nat(60), { maxLength: 8 });

test("what was stored passes unchanged, however it is cut", async () => {
  await fc.assert(fc.asyncProperty(bodies, lengths, fc.integer({ min: 1, max: 80 }), async (body, cuts, size) => {
    const passed: number[] = [];
    for await (const piece of verifyParts(piecesOf(body, size), partsOf(body, cuts))) passed.push(...piece);
    assert.deepEqual(passed, [...body]);
  }));
});

test("any flipped bit ends as an error", async () => {
  await fc.assert(fc.asyncProperty(bodies, lengths, fc.nat(), fc.nat(7), async (body, cuts, place, bit) => {
    fc.pre(body.length > 0);
    const hurt = Uint8Array.from(body);
    hurt[place % body.length] = (body[place % body.length] ?? 0) ^ (1 << bit);
    await assert.rejects(async () => {
      for await (const _ of verifyParts(piecesOf(hurt, 7), partsOf(body, cuts)));
    }, (error) => error instanceof SixfoldError && error.code === "data_loss");
  }));
});
