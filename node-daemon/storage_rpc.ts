/** StorageService: messages in, store calls, messages out. One implementation behind every door. */
import { create } from "@bufbuild/protobuf";
import { type ConnectRouter, type HandlerContext, type Interceptor } from "@connectrpc/connect";
import { createHash, timingSafeEqual } from "node:crypto";
import { parseChunkId, uuidFromBytes, uuidToBytes } from "../shared/chunk_id.ts";
import type { ChunkFileHeader } from "../shared/chunk_format.ts";
import { SixfoldError } from "../shared/errors.ts";
import {
  BlockSchema,
  type ChunkHeader,
  type GetChunkRequest,
  type PutChunkRequest,
  ServerState,
  StorageService,
} from "../shared/gen/sixfold/v1/storage_pb.ts";
import { translateStream } from "../shared/rpc.ts";
import type { ChunkStore, EndMark, IncomingBlock } from "./chunk_store.ts";
import type { DiskSpace } from "./disk_space.ts";

/** What GetChunk sends at most in one call: no runtime's buffers can run further ahead of a slow reader. */
export const WINDOW = 8 * 1024 * 1024;
/** How long the rest of a refused body is read, in ms, so that the error is not lost to a reset connection. */
const DRAIN_MS = 1000;
const PAGE_SIZE = 1000;

/** What the service needs. */
export interface StorageParts {
  readonly store: ChunkStore;
  readonly space: DiskSpace;
  readonly serverId: string;
  readonly version: string;
}

/** Refuses calls without the cluster's token, in constant time. */
export function requireToken(token: string): Interceptor {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return (next) => (request) => {
    if (!timingSafeEqual(digest(request.header.get("authorization") ?? ""), expected)) {
      throw new SixfoldError("unauthenticated", "this call needs the cluster's token as a bearer token");
    }
    return next(request);
  };
}

/** The routes of StorageService. */
export function storageRoutes(parts: StorageParts): (router: ConnectRouter) => void {
  const { store, space, serverId, version } = parts;
  const started = Date.now();
  return (router) =>
    router.service(StorageService, {
      putChunk: (requests, context) => put(parts, requests, context),
      getChunk: (request, { signal }) => translateStream(get(store, request, signal)),
      async deleteChunk({ chunkId }) {
        return { existed: await store.remove(chunkId) };
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
        return await store.verify(chunkId);
      },
      async healthCheck() {
        const { free, used, reserve } = await space.read();
        return {
          state: free < reserve ? ServerState.FULL : ServerState.ACTIVE,
          serverId,
          freeBytes: BigInt(free),
          usedBytes: BigInt(used),
          reserveBytes: BigInt(Math.round(reserve)),
          version,
          uptimeSeconds: BigInt(Math.round((Date.now() - started) / 1000)),
        };
      },
    });
}

async function* get(store: ChunkStore, { chunkId, firstBlock, blockCount }: GetChunkRequest, signal: AbortSignal) {
  const reader = await store.open(chunkId);
  try {
    const { blocks } = reader.footer;
    const end = blockCount === 0 ? blocks : Math.min(firstBlock + blockCount, blocks);
    if (firstBlock >= blocks) {
      throw new SixfoldError("out_of_range", `the chunk has ${blocks} blocks, none is ${firstBlock}`);
    }
    if ((end - firstBlock) * reader.header.blockSize > WINDOW) {
      throw new SixfoldError("invalid_argument", `ask for at most ${WINDOW} bytes of blocks at once`);
    }
    for (let number = firstBlock; number < end && !signal.aborted; number++) {
      yield create(BlockSchema, await reader.block(number));
    }
  } finally {
    await reader.close();
  }
}

async function put(parts: StorageParts, requests: AsyncIterable<PutChunkRequest>, context: HandlerContext) {
  const steps = requests[Symbol.asyncIterator]();
  try {
    const first = await steps.next();
    if (first.done || first.value.part.case !== "header") {
      throw new SixfoldError("invalid_argument", "PutChunk begins with a header");
    }
    const message = first.value.part.value;
    const expected = message.expectedLength === undefined ? undefined : Number(message.expectedLength);
    const written = await parts.store.put(fileHeader(message), expected, blocksOf(steps, context.signal));
    return {
      length: BigInt(written.length),
      sha256: written.sha256,
      serverId: parts.serverId,
      writeMicros: BigInt(written.writeMicros),
      syncMicros: BigInt(written.syncMicros),
    };
  } catch (error) {
    await drain(steps);
    throw error;
  }
}

/** The blocks of a call, then its end mark. A stream that ends without one was cut. */
async function* blocksOf(
  steps: AsyncIterator<PutChunkRequest>,
  signal: AbortSignal,
): AsyncGenerator<IncomingBlock, EndMark> {
  for (let step = await steps.next(); !step.done; step = await steps.next()) {
    signal.throwIfAborted();
    const { part } = step.value;
    if (part.case === "block") {
      const { number, xxh64, data } = part.value;
      yield { number, xxh64, data };
    } else if (part.case === "end") {
      return { length: Number(part.value.length), blockChecksums: part.value.xxh64 };
    } else {
      throw new SixfoldError("invalid_argument", "after its header PutChunk takes blocks and one end mark");
    }
  }
  throw new SixfoldError("canceled", "the stream ended without an end mark; send the chunk again");
}

async function drain(steps: AsyncIterator<PutChunkRequest>): Promise<void> {
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
