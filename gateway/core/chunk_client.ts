/** The gateway's end of the hop. With the lane below it, the only one that dials daemons and knows how. */
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Buffer } from "node:buffer";
import { BlockChecksums, blockSeed, xxh64 } from "../../shared/checksum.ts";
import { parseChunkId, uuidToBytes } from "../../shared/chunk_id.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { type ChunkHeader, StorageService } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { requestIdHeader } from "../../shared/request_id.ts";
import { fetchTransport, MAX_MESSAGE } from "../../shared/rpc.ts";
import type { ServerRow } from "../db/servers.ts";
import { ChunkLane } from "./chunk_lane.ts";
import { ProgressClock } from "./progress_clock.ts";

/** How the hop is made: gRPC-Web framing over HTTP/1.1, or native gRPC over HTTP/2. */
export type Hop = "web" | "grpc";

/** A chunk to send. */
export interface ChunkToPut extends Pick<ChunkHeader, "chunkId" | "blockSize" | "dataChunks" | "parityChunks"> {
  /** The upload whose bytes these are. */
  readonly uploadId: string;
  readonly label: Uint8Array<ArrayBuffer>;
}

/** Blocks to read. */
export interface BlockRange {
  readonly chunkId: string;
  /** The upload whose bytes these are. */
  readonly uploadId: string;
  readonly first: number;
  readonly count: number;
}

/** What a daemon said once the chunk was durable. */
export interface Receipt {
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

const CALL_MS = 10_000;

/** Speaks StorageService with any server. */
export class ChunkClient {
  readonly #clients = new Map<string, Client<typeof StorageService>>();
  readonly #token: string;
  readonly #lane: ChunkLane;

  constructor(readonly hop: Hop, token: string) {
    this.#token = token;
    this.#lane = new ChunkLane(token);
  }

  get #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#token}`, ...requestIdHeader() };
  }

  /**
   * Sends one chunk. The clock runs only while the daemon is waited for.
   * @param blocks its blocks; a block's bytes may be reused when the next one is asked for
   * @throws SixfoldError as the daemon said, or `unavailable`
   */
  async put(
    server: ServerRow,
    chunk: ChunkToPut,
    blocks: AsyncIterable<Uint8Array<ArrayBuffer>>,
    signal: AbortSignal,
  ): Promise<Receipt> {
    const clock = new ProgressClock(signal);
    try {
      const { length, sha256 } = this.hop === "web"
        ? await this.#lane.put(server.httpAddress, chunk, blocks, clock)
        : await this.#client(server).putChunk(requests(chunk, blocks, clock), {
          headers: this.#headers,
          signal: clock.signal,
        });
      return { length: Number(length), sha256: Buffer.from(sha256).toString("hex") };
    } catch (error) {
      throw clock.explain(error);
    } finally {
      clock.stop();
    }
  }

  /**
   * Reads a window of blocks and verifies each.
   * @param into memory of at least `windowBytes`, in which the blocks may come to lie
   * @returns the blocks in order; undefined for each that is bad, missing, or was not sent in time
   */
  async get(
    server: ServerRow,
    range: BlockRange,
    into: Uint8Array,
    signal: AbortSignal,
  ): Promise<(Uint8Array | undefined)[]> {
    const clock = new ProgressClock(signal);
    try {
      if (this.hop === "web") return await this.#lane.get(server.httpAddress, range, into, clock);
      const blocks: (Uint8Array | undefined)[] = [];
      while (blocks.length < range.count) {
        const left = { ...range, first: range.first + blocks.length, count: range.count - blocks.length };
        blocks.push(...await this.#getGood(server, left, clock));
        // The daemon ends the stream at a bad block: reading goes on behind it.
        if (blocks.length < range.count) blocks.push(undefined);
      }
      return blocks;
    } catch {
      signal.throwIfAborted();
      return new Array(range.count).fill(undefined);
    } finally {
      clock.abort();
    }
  }

  /** Blocks up to the first that is not good. */
  async #getGood(server: ServerRow, range: BlockRange, clock: ProgressClock): Promise<Uint8Array[]> {
    const { chunkId, first, count } = range;
    const { segment, index } = parseChunkId(chunkId);
    const upload = uuidToBytes(range.uploadId);
    const blocks: Uint8Array[] = [];
    const ended = new AbortController();
    try {
      const call = { headers: this.#headers, signal: AbortSignal.any([clock.signal, ended.signal]) };
      clock.start();
      for await (
        const block of this.#client(server).getChunk({ chunkId, firstBlock: first, blockCount: count }, call)
      ) {
        clock.start();
        const number = first + blocks.length;
        if (block.xxh64 !== xxh64(block.data, blockSeed(upload, segment, index, number))) break;
        if (blocks.push(block.data) === count) break;
      }
    } catch {
      clock.signal.throwIfAborted();
    } finally {
      // To leave the loop does not end the call; the signal does.
      ended.abort();
    }
    return blocks;
  }

  /** Removes a chunk; what is not there is success. */
  async remove(server: ServerRow, chunkId: string, signal: AbortSignal): Promise<void> {
    await this.#client(server).deleteChunk({ chunkId }, this.#options(signal)).catch(rethrow);
  }

  /** The ids of some chunks that a server keeps whose names begin so, at most 1,000. */
  async list(server: ServerRow, prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    const page = await this.#client(server).listChunks({ prefix }, this.#options(signal)).catch(rethrow);
    return page.chunkIds;
  }

  #options(signal: AbortSignal) {
    return { headers: this.#headers, signal, timeoutMs: CALL_MS };
  }

  #client(server: ServerRow): Client<typeof StorageService> {
    const address = this.hop === "grpc" ? server.grpcAddress : server.httpAddress;
    let client = this.#clients.get(address);
    if (client === undefined) {
      const baseUrl = `http://${address}`;
      const transport = this.hop === "grpc"
        ? createGrpcTransport({ baseUrl, readMaxBytes: MAX_MESSAGE, acceptCompression: [] })
        : fetchTransport(baseUrl);
      client = createClient(StorageService, transport);
      this.#clients.set(address, client);
    }
    return client;
  }
}

function rethrow(error: unknown): never {
  throw SixfoldError.from(error);
}

async function* requests(chunk: ChunkToPut, blocks: AsyncIterable<Uint8Array<ArrayBuffer>>, clock: ProgressClock) {
  const { segment, index } = parseChunkId(chunk.chunkId);
  const uploadId = Uint8Array.from(uuidToBytes(chunk.uploadId));
  const sums = new BlockChecksums();
  let number = 0;
  let length = 0;
  clock.start();
  yield { part: { case: "header" as const, value: { ...chunk, uploadId, segment, index } } };
  clock.stop();
  for await (const data of blocks) {
    const sum = xxh64(data, blockSeed(uploadId, segment, index, number));
    sums.add(sum);
    clock.start();
    yield { part: { case: "block" as const, value: { number: number++, xxh64: sum, data } } };
    clock.stop();
    length += data.length;
  }
  clock.closing();
  yield { part: { case: "end" as const, value: { length: BigInt(length), xxh64: sums.digest() } } };
}
