/** Sends chunks of one segment side by side: each to its server, to the next one where that fails early. */
import { formatChunkId } from "../../../shared/chunk_id.ts";
import type { Stripe } from "../../../shared/erasure.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { longestWait, RETRIES } from "../../../shared/retry.ts";
import { sleep } from "../../../shared/sleep.ts";
import { spanEvent } from "../../../shared/telemetry.ts";
import type { ChunkRow } from "../../db/files.ts";
import type { StrayChunk } from "../../db/uploads.ts";
import type { ChunkClient } from "../hop/chunk_client.ts";
import { ChunkStream, SharedStripe } from "./chunk_stream.ts";
import type { Snapshot } from "../cluster/cluster.ts";
import { retries, writeSubstitutes } from "../telemetry/metrics.ts";
import { isDurable, nextServer } from "../cluster/placement.ts";
import { LEFT_BEHIND, tooLate } from "../hop/progress_clock.ts";
import type { StripePool } from "../memory/stripe_pool.ts";

/** Stripes that one chunk may have in line. Three keep a daemon busy while the next stripe is read and encoded. */
const DEPTH = 3;
/** A server that costs an upload so much more time than it leaves it, in ms, is dropped: a slow disk drags, it never stalls. */
const DRAG_MS = 2000;
const LOOK_MS = 250;
/** Once the commit rule holds, the last chunks get twice what the others took, within these bounds, in ms. */
const LAST_CHUNKS_MS = [50, 250] as const;

/** What is known of a segment before its bytes. */
export interface SegmentPlan {
  readonly uploadId: string;
  readonly number: number;
  /** The first byte's place in the file. */
  readonly offset: number;
  /** The server of each chunk, by id. */
  readonly placed: readonly string[];
  /** Every server that may take a chunk, by id, in the order of the ring. */
  readonly usable: readonly string[];
  /** Whether there are too few without servers that are left alone otherwise. */
  readonly desperate: boolean;
  readonly snapshot: Snapshot;
  readonly label: Uint8Array<ArrayBuffer>;
  readonly client: ChunkClient;
  readonly pool: StripePool;
  /** Receives every chunk that may exist, before its first byte is sent. */
  readonly strays: StrayChunk[];
  /** Hears of servers that failed. */
  readonly onFailure: (serverId: string, error: SixfoldError) => void;
}

/** What of a plan the sending needs. */
export interface SendingPlan extends Omit<SegmentPlan, "client"> {
  readonly client: Pick<ChunkClient, "put" | "budget">;
}

/** The chunks of some indexes of a segment on their way. Feed it stripes, then `finish`; always `close`. */
export class SegmentSender {
  /** What is durable. */
  readonly stored: ChunkRow[];
  /** Aborts when the caller leaves, or when fewer than k chunks can be had any more. */
  readonly signal: AbortSignal;
  readonly #plan: SendingPlan;
  readonly #streams: ChunkStream[];
  readonly #puts: Promise<void>[];
  readonly #holders = new Map<number, string>();
  readonly #refused = new Set<string>();
  readonly #errors: SixfoldError[] = [];
  readonly #failed = new AbortController();
  readonly #drag = new Map<ChunkStream, number>();
  #looked = performance.now();
  #wake: () => void = () => {};
  #lost = false;

  /**
   * @param indexes the chunks to send
   * @param kept the chunks of the same segment that are durable already
   */
  constructor(plan: SendingPlan, indexes: readonly number[], kept: readonly ChunkRow[], caller: AbortSignal) {
    this.#plan = plan;
    this.stored = [...kept];
    this.signal = AbortSignal.any([caller, this.#failed.signal]);
    for (const { index, serverId } of kept) this.#holders.set(index, serverId);
    for (const index of indexes) {
      this.#holders.set(index, (kept.length > 0 ? this.#substitute(index) : plan.placed[index]) ?? "");
    }
    this.#streams = indexes.map((index) => new ChunkStream(index, () => this.#wake()));
    this.#puts = this.#streams.map((stream) => this.#put(stream));
  }

  /** Whether a chunk was lost that no other server can get from its start: a new segment would be complete again. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Waits until every chunk has room for a stripe. What holds up all others for too long is dropped. */
  async room(): Promise<void> {
    for (;;) {
      this.signal.throwIfAborted();
      const alive = this.#streams.filter((stream) => stream.alive);
      const full = alive.filter((stream) => stream.depth >= DEPTH);
      this.#weigh(alive, []);
      if (full.length === 0) return;
      await this.#change();
      this.#weigh(alive, full);
    }
  }

  /** Hands a stripe to every chunk that is still being sent. @param length bytes of each block */
  send(stripe: Stripe, length: number): void {
    const { pool } = this.#plan;
    const takers = this.#streams.filter((stream) => stream.alive);
    if (takers.length === 0) return pool.give(stripe);
    const shared = new SharedStripe(stripe, length, takers.length, () => pool.give(stripe));
    for (const taker of takers) taker.push(shared);
  }

  /** No more stripes follow: waits until all chunks are durable or failed; once the rule holds, only a little longer. */
  async finish(): Promise<void> {
    for (const stream of this.#streams) stream.end();
    const began = performance.now();
    const { layout } = this.#plan.pool;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      for (const put of this.#puts) {
        put.then(() => {
          if (timer !== undefined || !isDurable(this.stored.map(({ serverId }) => serverId), layout)) return;
          const [least, most] = LAST_CHUNKS_MS;
          timer = setTimeout(resolve, Math.min(most, Math.max(least, 2 * (performance.now() - began))));
        });
      }
    });
    await Promise.race([Promise.all(this.#puts), late]);
    clearTimeout(timer);
    if (!this.signal.aborted) {
      for (const stream of this.#streams) {
        if (stream.alive && !this.#has(stream.index)) this.#tellDropped(stream.index, "left_behind");
        if (!this.#has(stream.index)) stream.drop(LEFT_BEHIND);
      }
    }
    this.signal.throwIfAborted();
    if (this.stored.length < layout.k) throw this.#worst();
  }

  /** Ends what still runs. Afterwards no stripe is held and no call is open. */
  async close(): Promise<void> {
    this.#failed.abort(new SixfoldError("canceled", "the upload is over"));
    for (const stream of this.#streams) stream.drop();
    await Promise.all(this.#puts);
  }

  /** Sends one chunk. Never rejects. */
  async #put(stream: ChunkStream): Promise<void> {
    const { uploadId, number, label, client, strays, pool, snapshot, onFailure, desperate } = this.#plan;
    const { index } = stream;
    const { k, m } = pool.layout;
    for (let tries = 0; stream.alive; tries++) {
      const serverId = this.#holders.get(index) ?? "";
      const prefix = `${uploadId}.${number}.${index}.`;
      const attempt = strays.filter(({ chunkId }) => chunkId.startsWith(prefix)).length;
      const chunkId = formatChunkId({ writer: uploadId, segment: number, index, attempt });
      const chunk = { chunkId, uploadId, blockSize: pool.blockSize, dataChunks: k, parityChunks: m, label };
      const stray = { chunkId, serverId, stored: false };
      strays.push(stray);
      try {
        const server = snapshot.servers.get(serverId);
        if (server === undefined) throw new SixfoldError("unavailable", "a storage server has left; try again");
        const signal = AbortSignal.any([this.signal, stream.dropped]);
        const { length, sha256 } = await client.put(server, chunk, stream.blocks(), signal, desperate);
        stray.stored = true;
        this.stored.push({ index, chunkId, serverId, length, sha256 });
        return;
      } catch (thrown) {
        if (this.signal.aborted || !stream.alive) return this.#lose(stream);
        const error = SixfoldError.from(thrown);
        this.#errors.push(error);
        this.#refused.add(serverId);
        onFailure(serverId, error);
        const next = stream.whole
          ? this.#substitute(index) ?? await this.#again(stream, serverId, error, tries)
          : undefined;
        if (next === undefined) return this.#lose(stream);
        const reason = error.detail ?? error.code;
        if (next === serverId) retries(1, { "sixfold.operation": "put" });
        else writeSubstitutes(1, { "sixfold.reason": reason });
        const event = next === serverId ? "retry" : "substitute";
        spanEvent(event, { "sixfold.chunk.index": index, "sixfold.reason": reason, "sixfold.server.id": next });
        this.#holders.set(index, next);
      }
    }
  }

  /** Where no other server can take a chunk, the one that failed is asked again after a while. @returns it, or undefined */
  async #again(stream: ChunkStream, serverId: string, error: SixfoldError, tries: number): Promise<string | undefined> {
    if (!error.retryable || tries >= RETRIES || !this.#plan.client.budget.take()) return undefined;
    await sleep(Math.random() * longestWait(tries), AbortSignal.any([this.signal, stream.dropped]));
    if (this.signal.aborted || !stream.whole) return undefined;
    this.#refused.delete(serverId);
    return this.#substitute(stream.index);
  }

  #lose(stream: ChunkStream, reason?: SixfoldError): void {
    stream.drop(reason);
    this.#lost = true;
    const hope = this.stored.length + this.#streams.filter(({ alive, index }) => alive && !this.#has(index)).length;
    if (hope < this.#plan.pool.layout.k) this.#giveUp();
  }

  /** The siblings are not to blame for what is told to the caller: the error is one of its own. */
  #giveUp(): void {
    const { code, message, detail, cause } = this.#worst();
    this.#failed.abort(new SixfoldError(code, message, { ...(detail && { detail }), cause: { cause } }));
  }

  #tellDropped(index: number, reason: string): void {
    const serverId = this.#holders.get(index) ?? "";
    spanEvent("dropped", { "sixfold.chunk.index": index, "sixfold.server.id": serverId, "sixfold.reason": reason });
  }

  #has(index: number): boolean {
    return this.stored.some((chunk) => chunk.index === index);
  }

  /** The next server on the ring that has refused nothing and has room under the layout: at most m chunks of a segment. */
  #substitute(index: number): string | undefined {
    const { usable, pool } = this.#plan;
    const others = [...this.#holders].filter(([other]) => other !== index).map(([, holder]) => holder);
    return nextServer(usable, others, this.#refused, pool.layout);
  }

  /**
   * Keeps for each chunk the time that all others have waited for it alone, less the time that they have not. When more
   * than m are late at once, it is not the servers that are slow.
   */
  #weigh(alive: readonly ChunkStream[], full: readonly ChunkStream[]): void {
    const now = performance.now();
    const passed = now - this.#looked;
    this.#looked = now;
    const idle = alive.every((stream) => full.includes(stream) || stream.depth === 0);
    const blamed = idle && full.length <= this.#plan.pool.layout.m ? full : [];
    for (const stream of alive) {
      const drag = (this.#drag.get(stream) ?? 0) + (blamed.includes(stream) ? passed : -passed);
      this.#drag.set(stream, Math.max(0, drag));
      if (drag < DRAG_MS) continue;
      const serverId = this.#holders.get(stream.index) ?? "";
      const error = tooLate("is too slow");
      this.#tellDropped(stream.index, "too_slow");
      this.#plan.onFailure(serverId, error);
      this.#refused.add(serverId);
      this.#lose(stream, error);
    }
  }

  async #change(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, LOOK_MS);
    });
    clearTimeout(timer);
  }

  /** A full disk is told before anything else: it is what a person can mend. */
  #worst(): SixfoldError {
    return this.#errors.find(({ detail }) => detail === "DISK_FULL") ?? this.#errors[0] ??
      new SixfoldError("unavailable", "too few storage servers answer; try again");
  }
}
