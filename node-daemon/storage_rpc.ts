/** StorageService: messages in, store calls, messages out. One implementation behind every door. */
import { create } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { parseChunkId, uuidFromBytes, uuidToBytes } from "../shared/chunk_id.ts";
import type { ChunkFileHeader } from "../shared/chunk_format.ts";
import { chunkAttributes } from "../shared/chunk_span.ts";
import { SixfoldError } from "../shared/errors.ts";
import {
  BlockSchema,
  type ChunkHeader,
  type GetChunkRequest,
  type PutChunkRequest,
  ServerState,
  StorageService,
} from "../shared/gen/sixfold/v1/storage_pb.ts";
import type { DecodedBlock } from "../shared/frame_codec.ts";
import type { PutStep } from "../shared/grpc_web.ts";
import { requestsOf, translateStream } from "../shared/rpc.ts";
import { addSpan, annotate, type OpenSpan, spanTime } from "../shared/telemetry.ts";
import { within } from "../shared/within.ts";
import type { CallLimits } from "./call_limits.ts";
import type { ChunkReader } from "./chunk_reader.ts";
import type { ChunkStore, EndMark } from "./chunk_store.ts";
import type { DatabaseMemory } from "./database_memory.ts";
import type { DiskSpace } from "./disk_space.ts";
import type { Standing } from "./standing.ts";
import type { ScrubCounts } from "./scrub.ts";
import { Landing } from "./landing.ts";
import { beginCall, countSent, countStored, watchCall } from "./metrics.ts";

/** What GetChunk sends at most in one call: no runtime's buffers can run further ahead of a slow reader. */
export const WINDOW = 8 * 1024 * 1024;
/** How long the rest of a refused body is read, in ms, so that the error is not lost to a reset connection. */
const DRAIN_MS = 1000;
/** How long a sender may send nothing, in ms: its own client may be slow, but one that has frozen must not hold a place. */
const STALL_MS = 600_000;
const PAGE_SIZE = 1000;

/** What the service needs. */
export interface StorageParts {
  readonly store: ChunkStore;
  readonly space: DiskSpace;
  readonly serverId: string;
  /** Of this process alone. */
  readonly incarnation: string;
  readonly version: string;
  /** Whether this process is still that server. */
  readonly standing: Standing;
  readonly memory: DatabaseMemory;
  readonly scrubbed: Readonly<ScrubCounts>;
  /** Whether the server is being emptied. */
  readonly isDraining: () => boolean;
  readonly calls: CallLimits;
}

/** The routes of StorageService. */
export function storageRoutes(parts: StorageParts): (router: ConnectRouter) => void {
  const { store, space, serverId, version, memory, scrubbed } = parts;
  const started = Date.now();
  return (router) =>
    router.service(StorageService, {
      putChunk: (requests, { signal, requestHeader }) => putChunk(parts, requestHeader, stepsOf(requests), signal),
      getChunk: (request, { signal, requestHeader }) => translateStream(get(parts, requestHeader, request, signal)),
      async deleteChunk({ chunkId, database, setAside }) {
        memory.admit(database && { generation: Number(database.generation), beat: Number(database.beat) });
        return { existed: setAside ? await store.setAside(chunkId) : await store.remove(chunkId) };
      },
      async restoreChunk({ chunkId }) {
        return { restored: await store.restore(chunkId) };
      },
      async statChunk({ chunkId }) {
        const reader = await store.open(chunkId);
        try {
          const { length, blocks, sha256 } = reader.footer;
          return { header: headerMessage(reader.header), length: BigInt(length), blocks, sha256 };
        } finally {
          await reader.close();
        }
      },
      async listChunks({ prefix, pageToken, pageSize }) {
        const limit = Math.min(pageSize || PAGE_SIZE, PAGE_SIZE);
        const { ids, next } = await store.list(prefix, pageToken, limit);
        return { chunkIds: ids, nextPageToken: next };
      },
      async verifyChunk({ chunkId }) {
        const { intact, badBlocks, sha256 } = await store.verify(chunkId);
        return { intact, badBlocks, sha256 };
      },
      async healthCheck() {
        const { free, used, reserve } = await space.read();
        return {
          state: parts.isDraining() ? ServerState.DRAINING : free < reserve ? ServerState.FULL : ServerState.ACTIVE,
          serverId,
          freeBytes: BigInt(free),
          usedBytes: BigInt(used),
          reserveBytes: BigInt(Math.round(reserve)),
          version,
          uptimeSeconds: BigInt(Math.round((Date.now() - started) / 1000)),
          scrubbedChunks: BigInt(scrubbed.chunks),
          scrubbedBytes: BigInt(scrubbed.bytes),
          damagedChunks: BigInt(scrubbed.damaged),
          incarnation: parts.incarnation,
        };
      },
    });
}

/**
 * The blocks that a request asks for, the last one excluded.
 * @throws SixfoldError `out_of_range`, or `invalid_argument` for more than a window
 */
export function blockWindow({ header, footer }: ChunkReader, { firstBlock: first, blockCount }: GetChunkRequest) {
  const { blocks } = footer;
  const end = blockCount === 0 ? blocks : Math.min(first + blockCount, blocks);
  if (first >= blocks) throw new SixfoldError("out_of_range", `the chunk has ${blocks} blocks, none is ${first}`);
  if ((end - first) * header.blockSize > WINDOW) {
    throw new SixfoldError("invalid_argument", `ask for at most ${WINDOW} bytes of blocks at once`);
  }
  return { first, end };
}

async function* get(parts: StorageParts, headers: Headers, request: GetChunkRequest, signal: AbortSignal) {
  const { store, calls, serverId } = parts;
  const call = beginCall("get", headers);
  call.run(() => annotate(chunkAttributes(serverId, request.chunkId)));
  try {
    await calls.get.enter();
    try {
      yield* blocks(store, request, signal, call);
    } finally {
      calls.get.leave();
    }
    call.end();
  } catch (error) {
    call.end(error);
    throw error;
  } finally {
    // A caller that leaves ends this generator at its last block.
    call.end();
  }
}

/** Connect lets go of a stream whose caller has left without ending its generator: the reader then closes by the signal. */
async function* blocks(
  store: ChunkStore,
  request: GetChunkRequest,
  signal: AbortSignal,
  call: Pick<OpenSpan, "run">,
) {
  const reader = await store.open(request.chunkId);
  let isSending = false;
  let closed = false;
  const reading = { from: spanTime(), to: 0, busyMs: 0, bytes: 0 };
  const close = async () => {
    if (closed) return;
    closed = true;
    await reader.close();
  };
  const left = () => {
    if (isSending) void close();
  };
  signal.addEventListener("abort", left);
  try {
    const { first, end } = blockWindow(reader, request);
    for (let number = first; number < end && !signal.aborted; number++) {
      const began = spanTime();
      const block = create(BlockSchema, await reader.block(number));
      reading.to = spanTime();
      reading.busyMs += reading.to - began;
      reading.bytes += block.data.length;
      isSending = true;
      countSent(block.data.length);
      if (!signal.aborted) yield block;
      isSending = false;
    }
  } finally {
    signal.removeEventListener("abort", left);
    const { from, to, busyMs, bytes } = reading;
    if (to > 0) {
      call.run(() => addSpan("disk.read", { "sixfold.bytes": bytes, "sixfold.busy_ms": busyMs }, from, to));
    }
    await close();
  }
}

async function* stepsOf(requests: AsyncIterable<PutChunkRequest>): AsyncGenerator<PutStep> {
  for await (const { part } of requestsOf(requests)) yield part;
}

/** Stores the chunk that a stream of steps brings. A refused stream is read on for a while, so that its sender hears why. */
export function putChunk(
  parts: StorageParts,
  headers: Headers,
  steps: AsyncGenerator<PutStep>,
  signal: AbortSignal,
  landing = new Landing(),
) {
  return watchCall("put", headers, () => receiveChunk(parts, steps, signal, landing));
}

async function receiveChunk(
  parts: StorageParts,
  steps: AsyncGenerator<PutStep>,
  signal: AbortSignal,
  landing: Landing,
) {
  try {
    const first = await steps.next();
    if (first.done || first.value.case !== "header") {
      throw new SixfoldError("invalid_argument", "PutChunk begins with a header");
    }
    if (parts.isDraining()) {
      throw new SixfoldError("failed_precondition", "this server is being emptied; choose another one");
    }
    const { value } = first.value;
    const began = performance.now();
    let entered = began;
    annotate(chunkAttributes(parts.serverId, value.chunkId));
    const expected = value.expectedLength === undefined ? undefined : Number(value.expectedLength);
    const written = await parts.calls.put(() => {
      entered = performance.now();
      return parts.store.put(fileHeader(value), expected, blocksOf(steps, signal), landing);
    });
    await parts.standing.check().catch(async (error) => {
      await parts.store.remove(value.chunkId);
      throw error;
    });
    countStored(written.length, written.writeMicros, written.syncMicros);
    return {
      length: BigInt(written.length),
      sha256: written.sha256,
      serverId: parts.serverId,
      writeMicros: BigInt(written.writeMicros),
      syncMicros: BigInt(written.syncMicros),
      waitMicros: BigInt(Math.round((entered - began) * 1000)),
      totalMicros: BigInt(Math.round((performance.now() - began) * 1000)),
    };
  } catch (error) {
    await drain(steps);
    throw signal.aborted ? new SixfoldError("canceled", "the sender went away", { cause: error }) : error;
  }
}

/** The blocks of a call, then its end mark. A stream that ends without one was cut. */
async function* blocksOf(
  steps: AsyncGenerator<PutStep>,
  signal: AbortSignal,
): AsyncGenerator<DecodedBlock, EndMark> {
  const next = () => within(STALL_MS, steps.next(), "the sender sent nothing for too long; send the chunk again");
  for (let step = await next(); !step.done; step = await next()) {
    signal.throwIfAborted();
    if (step.value.case === "block") yield step.value.value;
    else if (step.value.case === "end") {
      const { length, xxh64 } = step.value.value;
      return { length: Number(length), blockChecksums: xxh64 };
    } else throw new SixfoldError("invalid_argument", "after its header PutChunk takes blocks and one end mark");
  }
  throw new SixfoldError("canceled", "the stream ended without an end mark; send the chunk again");
}

async function drain(steps: AsyncGenerator<PutStep>): Promise<void> {
  const until = Date.now() + DRAIN_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<{ done: true }>((resolve) => {
    timer = setTimeout(() => resolve({ done: true }), DRAIN_MS);
  });
  try {
    while (Date.now() < until && !(await Promise.race([steps.next(), late])).done);
  } catch {
    // The sender is gone: nothing is left to drain.
  } finally {
    clearTimeout(timer);
  }
}

function fileHeader(message: ChunkHeader): ChunkFileHeader {
  const { chunkId, dataChunks, parityChunks, blockSize, label } = message;
  const id = parseChunkId(chunkId);
  if (id.segment !== message.segment || id.index !== message.index) {
    throw new SixfoldError("invalid_argument", "segment and index must be those of the chunk id");
  }
  if (message.uploadId.length !== 16) throw new SixfoldError("invalid_argument", "an upload id has 16 bytes");
  return { chunkId, uploadId: uuidFromBytes(message.uploadId), k: dataChunks, m: parityChunks, blockSize, label };
}

function headerMessage(header: ChunkFileHeader) {
  const { segment, index } = parseChunkId(header.chunkId);
  const { chunkId, k, m, blockSize, label } = header;
  return {
    chunkId,
    uploadId: uuidToBytes(header.uploadId),
    segment,
    index,
    dataChunks: k,
    parityChunks: m,
    blockSize,
    label,
  };
}
