/** The gateway's end of the hop. The only file that dials daemons, and the only one that knows how. */
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Buffer } from "node:buffer";
import { BlockChecksums, blockSeed, xxh64 } from "../../shared/checksum.ts";
import { parseChunkId, uuidToBytes } from "../../shared/chunk_id.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { type ChunkHeader, StorageService } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { fetchTransport, MAX_MESSAGE } from "../../shared/rpc.ts";
import type { ServerRow } from "../db/servers.ts";

/** How the hop is made: gRPC-Web framing over HTTP/1.1, or native gRPC over HTTP/2. */
export type Hop = "web" | "grpc";

/** A chunk to send. */
export interface ChunkToPut extends Pick<ChunkHeader, "chunkId" | "blockSize" | "dataChunks" | "parityChunks"> {
  /** The upload whose bytes these are. */
  readonly uploadId: string;
  readonly label: Uint8Array<ArrayBuffer>;
}

/** What a daemon said once the chunk was durable. */
export interface Receipt {
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

/** How long a daemon may keep the gateway waiting for its next step, in ms. */
const PROGRESS_MS = 2000;
/** How long it may take to make a chunk durable. */
const CLOSING_MS = 10_000;
const CALL_MS = 10_000;

/** Speaks StorageService with any server. */
export class ChunkClient {
  readonly #clients = new Map<string, Client<typeof StorageService>>();
  readonly #headers: { authorization: string };

  constructor(readonly hop: Hop, token: string) {
    this.#headers = { authorization: `Bearer ${token}` };
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
      const receipt = await this.#client(server).putChunk(requests(chunk, blocks, clock), {
        headers: this.#headers,
        signal: clock.signal,
      });
      return { length: Number(receipt.length), sha256: Buffer.from(receipt.sha256).toString("hex") };
    } catch (error) {
      throw clock.explain(error);
    } finally {
      clock.stop();
    }
  }

  /**
   * Reads a window of blocks, each verified. Ends early, without an error, at the first block that is not good.
   * @returns as many good blocks as came, in order from `first`
   */
  async get(
    server: ServerRow,
    chunkId: string,
    uploadId: string,
    first: number,
    count: number,
    signal: AbortSignal,
  ): Promise<Uint8Array[]> {
    const { segment, index } = parseChunkId(chunkId);
    const upload = uuidToBytes(uploadId);
    const clock = new ProgressClock(signal);
    const blocks: Uint8Array[] = [];
    try {
      const call = { headers: this.#headers, signal: clock.signal };
      clock.start(PROGRESS_MS);
      for await (
        const block of this.#client(server).getChunk({ chunkId, firstBlock: first, blockCount: count }, call)
      ) {
        clock.start(PROGRESS_MS);
        const number = first + blocks.length;
        if (block.xxh64 !== xxh64(block.data, blockSeed(upload, segment, index, number))) break;
        if (blocks.push(block.data) === count) break;
      }
    } catch {
      signal.throwIfAborted();
    } finally {
      // To leave the loop does not end the call; the signal does.
      clock.abort();
    }
    return blocks;
  }

  /** Removes a chunk; what is not there is success. */
  async remove(server: ServerRow, chunkId: string, signal: AbortSignal): Promise<void> {
    await this.#client(server).deleteChunk({ chunkId }, this.#options(signal)).catch(rethrow);
  }

  /** The ids of some chunks that a server keeps of one writer, at most 1,000. */
  async list(server: ServerRow, writer: string, signal: AbortSignal): Promise<readonly string[]> {
    const page = await this.#client(server).listChunks({ prefix: writer }, this.#options(signal)).catch(rethrow);
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
  const upload = uuidToBytes(chunk.uploadId);
  const sums = new BlockChecksums();
  let number = 0;
  let length = 0;
  clock.start(PROGRESS_MS);
  yield {
    part: { case: "header" as const, value: { ...chunk, uploadId: Uint8Array.from(upload), segment, index } },
  };
  clock.stop();
  for await (const data of blocks) {
    const sum = xxh64(data, blockSeed(upload, segment, index, number));
    sums.add(sum);
    clock.start(PROGRESS_MS);
    yield { part: { case: "block" as const, value: { number: number++, xxh64: sum, data } } };
    clock.stop();
    length += data.length;
  }
  clock.start(CLOSING_MS);
  yield { part: { case: "end" as const, value: { length: BigInt(length), xxh64: sums.digest() } } };
}

/** Aborts a call when the other side makes no step in time, or when the caller does. */
class ProgressClock {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #late = false;

  constructor(caller: AbortSignal) {
    this.signal = AbortSignal.any([caller, this.#controller.signal]);
  }

  start(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#late = true;
      this.#controller.abort();
    }, ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  abort(): void {
    this.stop();
    this.#controller.abort();
  }

  explain(error: unknown): SixfoldError {
    if (!this.#late) return SixfoldError.from(error);
    return new SixfoldError("unavailable", "a storage server made no progress in time; try again", { cause: error });
  }
}
