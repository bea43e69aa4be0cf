/** The gateway's end of the hop. With the lane below it, the only one that dials daemons and knows how. */
import type { CallOptions, Client } from "@connectrpc/connect";
import { Buffer } from "node:buffer";
import { chunkAttributes } from "../../../shared/chunk_span.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import type { ChunkHeader, PutChunkResponse, StorageService } from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import type { Logger } from "../../../shared/logger.ts";
import { requestIdHeader } from "../../../shared/request_id.ts";
import { annotate, inSpan, openSpan, spanEvent, traceHeaders } from "../../../shared/telemetry.ts";
import { retry, RetryBudget } from "../../../shared/retry.ts";
import { SERVER_HEADER } from "../../../shared/rpc.ts";
import type { ServerRow } from "../../db/servers.ts";
import type { ChunkLane } from "./chunk_lane.ts";
import type { Endpoint, Endpoints } from "./endpoints.ts";
import { GrpcLane } from "./grpc_lane.ts";
import { chunkBytes, countCall, retries } from "../telemetry/metrics.ts";
import { isTooLate, LEFT_BEHIND, ProgressClock } from "./progress_clock.ts";
import { isFailure, Suspicion } from "./suspicion.ts";
import type { HopTrust } from "./hop_trust.ts";
import { StorageClients } from "./storage_clients.ts";
import { WebLane } from "./web_lane.ts";

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
  /** Of a full block of this chunk, in bytes. */
  readonly blockSize: number;
}

/** What a daemon said once the chunk was durable. */
export interface Receipt {
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

/** What came of a window of blocks. */
export interface ReadBlocks {
  /** In order; undefined for each that is bad, missing, or was not sent in time. */
  readonly blocks: (Uint8Array | undefined)[];
  /**
   * Why some are missing: `not_found` and `out_of_range` where the server does not have them, `data_loss` where they
   * are bad, anything else where the server could not be asked.
   */
  readonly fault?: SixfoldError | undefined;
}

/** How a window is asked for. */
export interface GetOptions {
  /** Asks a server that is left alone otherwise. */
  readonly lastResort?: boolean;
  /** Hears, perhaps several times, that the server is late for what is usual with it. */
  readonly onLate?: () => void;
}

const CALL_MS = 10_000;
const PROBE_MS = 2000;

/** Speaks StorageService with any server. */
export class ChunkClient {
  /** What is thought of each server. */
  readonly suspicion: Suspicion;
  /** Keeps all that is asked for twice within a tenth of all calls. */
  readonly budget = new RetryBudget();
  readonly #clients: StorageClients;
  readonly #authorization: string;
  readonly #lane: ChunkLane;
  readonly #trust: HopTrust;
  readonly #endpoints: Endpoints;

  /** @param tolerated how many servers may be late at once before the gateway suspects itself */
  constructor(
    readonly hop: Hop,
    token: string,
    trust: HopTrust,
    endpoints: Endpoints,
    tolerated: number,
    log: Logger,
  ) {
    this.#trust = trust;
    this.#endpoints = endpoints;
    this.#clients = new StorageClients(hop, trust);
    this.#authorization = `Bearer ${token}`;
    this.#lane = hop === "web" ? new WebLane(trust) : new GrpcLane(trust);
    this.suspicion = new Suspicion(log, tolerated, (server) => this.probe(server));
  }

  /** Asks a server for a sign of life, whatever is thought of it. @throws where there is none in time */
  async probe(server: ServerRow): Promise<void> {
    const client = this.#clients.at(await this.#endpoint(server));
    await client.healthCheck({}, { headers: this.#headers(server), timeoutMs: PROBE_MS });
  }

  /**
   * Sends one chunk. The clock runs only while the daemon is waited for.
   * @param blocks its blocks; a block's bytes may be reused when the next one is asked for
   * @param lastResort asks a server that is left alone otherwise
   * @throws SixfoldError as the daemon said, or `unavailable`
   */
  async put(
    server: ServerRow,
    chunk: ChunkToPut,
    blocks: AsyncIterable<Uint8Array<ArrayBuffer>>,
    signal: AbortSignal,
    lastResort = false,
  ): Promise<Receipt> {
    const attributes = { ...chunkAttributes(server.id, chunk.chunkId), "sixfold.hop": this.hop };
    return await inSpan("chunk.put", attributes, () => this.#put(server, chunk, blocks, signal, lastResort), "client");
  }

  async #put(
    server: ServerRow,
    chunk: ChunkToPut,
    blocks: AsyncIterable<Uint8Array<ArrayBuffer>>,
    signal: AbortSignal,
    lastResort: boolean,
  ): Promise<Receipt> {
    const watched = this.suspicion.begin(server, lastResort);
    this.budget.request();
    const clock = new ProgressClock(signal);
    const began = performance.now();
    try {
      const receipt = await this.#lane.put(await this.#endpoint(server), this.#headers(server), chunk, blocks, clock);
      watched.answered();
      const { length, sha256 } = receipt;
      countCall("put", server.id, began, signal);
      annotate(timingsOf(receipt));
      chunkBytes(Number(length), { "sixfold.operation": "put" });
      return { length: Number(length), sha256: Buffer.from(sha256).toString("hex") };
    } catch (thrown) {
      const error = clock.explain(thrown);
      if (signal.reason === LEFT_BEHIND) watched.leftBehind();
      else watched.ended(signal.aborted ? leftFor(signal) : error);
      countCall("put", server.id, began, signal, error);
      throw error;
    } finally {
      clock.stop();
    }
  }

  /**
   * Reads a window of blocks and verifies each. Only a caller who leaves makes it throw.
   * @param into memory of at least `roomBytes` for each block, in which they may come to lie
   */
  async get(
    server: ServerRow,
    range: BlockRange,
    into: readonly Uint8Array[],
    signal: AbortSignal,
    options: GetOptions = {},
  ): Promise<ReadBlocks> {
    const span = openSpan("chunk.get", {
      ...chunkAttributes(server.id, range.chunkId),
      "sixfold.chunk.first_block": range.first,
      "sixfold.chunk.blocks": range.count,
      "sixfold.hop": this.hop,
    }, "client");
    try {
      const read = await span.run(() => this.#get(server, range, into, signal, options));
      span.end(read.fault);
      return read;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  async #get(
    server: ServerRow,
    range: BlockRange,
    into: readonly Uint8Array[],
    signal: AbortSignal,
    { lastResort, onLate }: GetOptions,
  ): Promise<ReadBlocks> {
    let watched;
    try {
      watched = this.suspicion.begin(server, lastResort);
    } catch (error) {
      return { blocks: Array(range.count).fill(undefined), fault: SixfoldError.from(error) };
    }
    const clock = new ProgressClock(signal, onLate && { afterMs: watched.lateMs, hear: onLate });
    const began = performance.now();
    try {
      const read = await this.#lane.get(await this.#endpoint(server), this.#headers(server), range, into, clock);
      if (read.fault && isFailure(read.fault)) watched.ended(read.fault);
      else watched.answered(clock.firstStep);
      countCall("get", server.id, began, signal, read.fault);
      chunkBytes(read.blocks.reduce((sum, block) => sum + (block?.length ?? 0), 0), { "sixfold.operation": "get" });
      return read;
    } catch (thrown) {
      const fault = clock.explain(thrown);
      watched.ended(signal.aborted ? leftFor(signal) : fault);
      countCall("get", server.id, began, signal, fault);
      signal.throwIfAborted();
      return { blocks: Array(range.count).fill(undefined), fault };
    } finally {
      clock.abort();
    }
  }

  /** Makes a small call that may be made again. @throws SixfoldError as the daemon said, or `unavailable` */
  async call<T>(
    server: ServerRow,
    signal: AbortSignal,
    talk: (client: Client<typeof StorageService>, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    return await retry(
      async () => {
        const watched = this.suspicion.begin(server);
        const began = performance.now();
        try {
          const answer = await talk(this.#clients.at(await this.#endpoint(server)), {
            headers: this.#headers(server),
            signal,
            timeoutMs: CALL_MS,
          });
          watched.answered();
          countCall("call", server.id, began, signal);
          return answer;
        } catch (thrown) {
          const error = SixfoldError.from(thrown);
          watched.ended(signal.aborted ? undefined : error);
          countCall("call", server.id, began, signal, error);
          throw error;
        }
      },
      signal,
      { budget: this.budget, heard: tellRetry },
    );
  }

  /** The token, the request's id, and who is meant: another daemon that listens there now refuses. */
  #headers(server: ServerRow): Record<string, string> {
    return { authorization: this.#authorization, [SERVER_HEADER]: server.id, ...requestIdHeader(), ...traceHeaders() };
  }

  /** The only way to an address that is dialled. */
  async #endpoint({ grpcAddress, httpAddress }: ServerRow): Promise<Endpoint> {
    const address = this.hop === "grpc" ? grpcAddress : httpAddress;
    this.#trust.check(address);
    return await this.#endpoints.find(address);
  }
}

function tellRetry({ code }: SixfoldError): void {
  retries(1, { "sixfold.operation": "call" });
  spanEvent("retry", { "sixfold.reason": code });
}

/** What the daemon says of where the time went, in ms. */
function timingsOf({ waitMicros, totalMicros, writeMicros, syncMicros, length }: PutChunkResponse) {
  return {
    "sixfold.bytes": Number(length),
    "sixfold.daemon.wait_ms": Number(waitMicros) / 1000,
    "sixfold.daemon.write_ms": Number(writeMicros) / 1000,
    "sixfold.daemon.fsync_ms": Number(syncMicros) / 1000,
    "sixfold.daemon.total_ms": Number(totalMicros) / 1000,
  };
}

/** What to hold against a server whose call the caller has left: nothing, unless it was too slow for the caller. */
function leftFor({ reason }: AbortSignal): SixfoldError | undefined {
  return reason instanceof SixfoldError && isTooLate(reason) ? reason : undefined;
}
