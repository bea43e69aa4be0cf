import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "../../../shared/errors.ts";
import { CHUNKS, parseLayout } from "../../../shared/layout.ts";
import { RetryBudget } from "../../../shared/retry.ts";
import { Ring } from "../../../shared/ring.ts";
import type { ServerRow } from "../../db/servers.ts";
import { SegmentSender, type SendingPlan } from "./segment_sender.ts";
import { StripeMemory } from "../memory/stripe_memory.ts";
import { StripePool } from "../memory/stripe_pool.ts";

const BLOCK = 4096;
const IDS = Array.from({ length: CHUNKS }, (_, i) => `s${i}`);

/** A stripe on its way to six servers, of which the first fails so often. */
async function send(layout: string, failures: number, error: SixfoldError, budget = new RetryBudget()) {
  const pool = new StripePool(new StripeMemory(parseLayout(layout), BLOCK, 2 ** 20).uploads);
  const asked: string[] = [];
  const heard: string[] = [];
  const rows = IDS.map((id) => [id, { id } as ServerRow] as const);
  const plan: SendingPlan = {
    uploadId: "01a21012-782a-7a00-8e88-1b8894d7b7e2",
    number: 0,
    offset: 0,
    placed: IDS,
    usable: IDS,
    desperate: false,
    snapshot: { servers: new Map(rows), ring: new Ring([]) },
    label: new Uint8Array(),
    pool,
    strays: [],
    onFailure: (id) => heard.push(id),
    client: {
      budget,
      async put({ id }, _chunk, blocks) {
        asked.push(id);
        if (id === "s0" && failures-- > 0) throw error;
        let length = 0;
        for await (const block of blocks) length += block.length;
        return { length, sha256: "" };
      },
    },
  };
  const sender = new SegmentSender(plan, IDS.map((_, i) => i), [], new AbortController().signal);
  try {
    await sender.room();
    const stripe = await pool.take(sender.signal);
    sender.send(stripe, BLOCK);
    await sender.finish();
    return { asked, heard, stored: sender.stored, strays: plan.strays };
  } finally {
    await sender.close();
  }
}

const away = new SixfoldError("unavailable", "the connection broke");

test("where no other server can take a chunk, the one that failed is asked again, under another name", async () => {
  const { asked, heard, stored, strays } = await send("6+0", 1, away);
  assert.equal(asked.filter((id) => id === "s0").length, 2);
  assert.deepEqual(heard, ["s0"]);
  assert.deepEqual(stored.map(({ serverId }) => serverId).sort(), IDS);
  assert.equal(new Set(strays.map(({ chunkId }) => chunkId)).size, 7);
  assert.ok(stored.every(({ length }) => length === BLOCK));
});

test("another server is better than waiting; an error that will not pass and a spent budget end it at once", async () => {
  const { asked } = await send("4+2", 1, away);
  assert.equal(asked.filter((id) => id === "s0").length, 1);
  assert.equal(asked.length, 7);
  const full = new SixfoldError("resource_exhausted", "full", { detail: "DISK_FULL" });
  await assert.rejects(send("6+0", 1, full), { detail: "DISK_FULL" });
  const spent = new RetryBudget();
  while (spent.take());
  await assert.rejects(send("6+0", 1, away, spent), { code: "unavailable" });
});
