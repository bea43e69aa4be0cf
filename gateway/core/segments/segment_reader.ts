/** Reads windows of one segment for one request, and remembers what it found of its chunks. */
import { SixfoldError } from "../../../shared/errors.ts";
import { blockLength, CHUNKS } from "../../../shared/layout.ts";
import { retry } from "../../../shared/retry.ts";
import { addSpan, spanEvent, spanTime, traceParent } from "../../../shared/telemetry.ts";
import type { Sql } from "../../db/database.ts";
import { type ChunkRow, findChunk, type SegmentRow } from "../../db/files.ts";
import type { ServerRow } from "../../db/servers.ts";
import type { ChunkClient, GetOptions, ReadBlocks } from "../hop/chunk_client.ts";
import type { Snapshot } from "../cluster/cluster.ts";
import type { DamageReports } from "./damage.ts";
import { damageFound, retries } from "../telemetry/metrics.ts";
import { mendStripe } from "./stripe_mender.ts";
import { type Blocks, type Candidate, isDamage, raceWindow, type WindowMemory } from "./window_race.ts";

/** What reading a segment takes. */
export interface ReadParts {
  readonly client: ChunkClient;
  readonly snapshot: Snapshot;
  /** Where a chunk that has moved is looked up again; not for a segment that is not committed yet. */
  readonly sql?: Sql;
  /** Hears of chunks that are broken. */
  readonly damage?: DamageReports;
}

/** Reads a segment. */
export class SegmentReader {
  readonly #parts: ReadParts;
  readonly #uploadId: string;
  readonly #segment: SegmentRow;
  readonly #signal: AbortSignal;
  readonly #chunks: Map<number, ChunkRow>;
  /** Chunks that have failed this request are not asked first again. */
  readonly #doubtful = new Set<number>();
  readonly #lookedUp = new Set<number>();

  /** @param uploadId whose bytes these are: the file's id */
  constructor(parts: ReadParts, uploadId: string, segment: SegmentRow, signal: AbortSignal) {
    this.#parts = parts;
    this.#uploadId = uploadId;
    this.#segment = segment;
    this.#signal = signal;
    this.#chunks = new Map(segment.chunks.map((chunk) => [chunk.index, chunk]));
  }

  /**
   * All data blocks of `count` stripes from the one of number `first` on, each verified, by chunk and then by stripe.
   * @throws SixfoldError `data_loss` when too few chunks are good, `unavailable` when too few servers answer
   */
  async window(first: number, count: number, memory: WindowMemory): Promise<Blocks> {
    const { k, length, blockSize } = this.#segment;
    const { budget } = this.#parts.client;
    const blocks = await retry(
      () => raceWindow(this.#candidates(first, count), k, count, memory, this.#signal),
      this.#signal,
      { budget, heard: tellRetry },
    );
    const began = spanTime();
    let mended = 0;
    for (let i = 0; i < count; i++) {
      if (mendStripe(this.#segment, blocks, i, blockLength(length, this.#segment, blockSize, first + i))) mended++;
    }
    if (mended > 0) addSpan("parity", { "sixfold.stripes": mended }, began, spanTime());
    return blocks;
  }

  /** One data block from its own chunk; undefined where that is not there or not good, and the whole window is needed. */
  async block(number: number, index: number, memory: WindowMemory): Promise<Uint8Array | undefined> {
    const own = this.#candidates(number, 1).filter((candidate) => candidate.index === index);
    const blocks = await raceWindow(own, 1, 1, memory, this.#signal).catch(() => undefined);
    this.#signal.throwIfAborted();
    return blocks?.[index]?.[0];
  }

  /** Data before parity, and those whose servers are not trusted last of all. */
  #candidates(first: number, count: number): Candidate[] {
    const { client, snapshot } = this.#parts;
    const sure: Candidate[] = [];
    const lastResorts: Candidate[] = [];
    for (let index = 0; index < CHUNKS; index++) {
      const chunk = this.#chunks.get(index);
      const server = chunk && snapshot.servers.get(chunk.serverId);
      if (server === undefined) continue;
      const { state } = server;
      const isSure = state !== "stopped" && state !== "inactive" && client.suspicion.trusts(server) &&
        !this.#doubtful.has(index);
      (isSure ? sure : lastResorts).push({
        index,
        mayHedge: () => !client.suspicion.trusts(server) || client.budget.take(),
        read: (into, signal, onLate) =>
          this.#read(index, server, first, count, into, signal, { lastResort: !isSure, onLate }),
      });
    }
    return [...sure, ...lastResorts];
  }

  async #read(
    index: number,
    server: ServerRow,
    first: number,
    count: number,
    into: readonly Uint8Array[],
    signal: AbortSignal,
    options: GetOptions,
  ): Promise<ReadBlocks> {
    const chunk = this.#chunks.get(index);
    if (chunk === undefined) return { blocks: Array(count).fill(undefined), fault: gone() };
    const { blockSize } = this.#segment;
    const range = { chunkId: chunk.chunkId, uploadId: this.#uploadId, first, count, blockSize };
    const read = checkLengths(
      await this.#parts.client.get(server, range, into, signal, options),
      this.#segment,
      first,
    );
    if (read.fault === undefined) return read;
    if (read.fault.code === "not_found" && await this.#hasMoved(chunk)) {
      const now = this.#chunks.get(index);
      const there = now && this.#parts.snapshot.servers.get(now.serverId);
      if (there !== undefined) return await this.#read(index, there, first, count, into, signal, options);
    }
    // A chunk with a bad block goes on serving its good ones.
    if (read.blocks.every((block) => block === undefined)) this.#doubtful.add(index);
    if (isDamage(read.fault) && this.#chunks.has(index)) {
      damageFound(1);
      spanEvent("damage", { "sixfold.chunk.index": index, "sixfold.reason": read.fault.code });
      this.#parts.damage?.report({
        fileId: this.#uploadId,
        segment: this.#segment.number,
        index,
        reason: `a reader found: ${read.fault.message}`,
        trace: traceParent(),
      });
    }
    return read;
  }

  /** Looks a chunk up again, once, that is not where it was: it may have been moved or repaired meanwhile. */
  async #hasMoved({ index, chunkId }: ChunkRow): Promise<boolean> {
    const { sql } = this.#parts;
    if (sql === undefined || this.#lookedUp.has(index)) return false;
    this.#lookedUp.add(index);
    try {
      const now = await findChunk(sql, this.#uploadId, this.#segment.number, index);
      // Without a row the file was deleted or replaced: its chunk is not missing, it is gone.
      if (now === undefined) this.#chunks.delete(index);
      else this.#chunks.set(index, now);
      return now !== undefined && now.chunkId !== chunkId;
    } catch {
      return false;
    }
  }
}

function tellRetry({ code }: SixfoldError): void {
  retries(1, { "sixfold.operation": "window" });
  spanEvent("retry", { "sixfold.reason": code });
}

/** A block of another length than the segment says is as bad as one of other bytes. */
function checkLengths({ blocks, fault }: ReadBlocks, segment: SegmentRow, first: number): ReadBlocks {
  const good = blocks.map((block, i) =>
    block?.length === blockLength(segment.length, segment, segment.blockSize, first + i) ? block : undefined
  );
  const isWhole = good.every((block) => block !== undefined);
  return isWhole
    ? { blocks: good }
    : { blocks: good, fault: fault ?? gone("a block has another length than it should") };
}

function gone(how = "the chunk is gone"): SixfoldError {
  return new SixfoldError("data_loss", how);
}
