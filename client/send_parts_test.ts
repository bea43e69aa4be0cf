import assert from "node:assert/strict";
import { test } from "node:test";
import { PartSize } from "./part_size.ts";
import { sendParts } from "./send_parts.ts";
import type { SentPart, Session } from "./session.ts";
import { openSource } from "./source.ts";

const PART = 1000;

test("the bytes of a part stay as they are until it has arrived, also those that were taken first", async () => {
  const all = Uint8Array.from({ length: 10 * PART }, (_, i) => i % 251);
  const source = await openSource(new Blob([all]).stream());
  const head = await source.take(0, 3 * PART);
  const arrived = new Map<number, Uint8Array>();
  // The first parts of the head arrive long before the last one.
  const put = async ({ offset, body }: SentPart) => {
    await new Promise((resolve) => setTimeout(resolve, offset === 2 * PART ? 50 : 1));
    if (body instanceof Uint8Array) arrived.set(offset, body.slice());
  };
  const size = await sendParts({
    session: { put } as unknown as Session,
    source,
    there: [],
    partSize: new PartSize(PART),
    concurrency: 3,
    signal: new AbortController().signal,
    mayGoOn: () => Promise.resolve(),
    onBytes: () => {},
  }, head);
  assert.equal(size, all.length);
  for (const [offset, bytes] of arrived) assert.deepEqual(bytes, all.slice(offset, offset + PART), `at ${offset}`);
});
