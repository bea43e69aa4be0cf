/** Connect and gRPC-Web: messages in, core calls, messages out. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createConnectRouter, type Interceptor } from "@connectrpc/connect";
import { universalServerRequestFromFetch, universalServerResponseToFetch } from "@connectrpc/connect/protocol";
import { SixfoldError } from "../../shared/errors.ts";
import { ClusterService } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { FileService, type UploadRequest } from "../../shared/gen/sixfold/v1/files_pb.ts";
import { ServerState } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import type { Logger } from "../../shared/logger.ts";
import { listServerRows } from "../core/cluster.ts";
import { download } from "../core/download.ts";
import { deleteKey, type FileInfo, type Files, findFileAt, readManifest } from "../core/files.ts";
import { listPage } from "../core/list.ts";
import { upload } from "../core/upload.ts";

const MAX_MESSAGE = 16 * 1024 * 1024;
const MAX_TIMEOUT_MS = 3_600_000;
const STATES = {
  active: ServerState.ACTIVE,
  full: ServerState.FULL,
  draining: ServerState.DRAINING,
  stopped: ServerState.STOPPED,
  inactive: ServerState.INACTIVE,
};

/** The handlers by path; undefined where no RPC has that path. */
export function createRpc(files: Files, log: Logger): (request: Request) => Promise<Response> | undefined {
  const router = createConnectRouter({
    grpc: false,
    acceptCompression: [],
    readMaxBytes: MAX_MESSAGE,
    writeMaxBytes: MAX_MESSAGE,
    maxTimeoutMs: MAX_TIMEOUT_MS,
    interceptors: [translateErrors(log)],
  });
  router.service(FileService, {
    async upload(requests, { signal }) {
      const steps = requests[Symbol.asyncIterator]();
      const first = await steps.next();
      if (first.done || first.value.part.case !== "header") {
        throw new SixfoldError("invalid_argument", "Upload begins with a header");
      }
      const header = first.value.part.value;
      const size = header.size === undefined ? undefined : Number(header.size);
      const contentType = header.contentType || "application/octet-stream";
      const file = await upload(files, { ...header, sha256: header.sha256, size, contentType }, dataOf(steps), signal);
      return { file: message(file, header.key) };
    },
    async *download({ bucket, key, offset, length }, { signal }) {
      const manifest = await readManifest(files, bucket, key);
      const { size } = manifest.file;
      const from = Number(offset);
      if (from > size) throw new SixfoldError("out_of_range", `the file has ${size} bytes`).toConnect();
      const count = Math.min(length === undefined ? size : Number(length), size - from);
      yield { part: { case: "file" as const, value: message(manifest.file, key) } };
      if (count === 0) return;
      const parts = { client: files.client, snapshot: files.cluster.now };
      try {
        for await (const data of download(parts, manifest, from, count, signal)) {
          yield { part: { case: "data" as const, value: data as Uint8Array<ArrayBuffer> } };
        }
      } catch (error) {
        throw SixfoldError.from(error).toConnect();
      }
    },
    getFile: async ({ bucket, key }) => ({ file: message(await findFileAt(files, bucket, key), key) }),
    async listFiles(request) {
      const page = await listPage(files, request);
      const decoder = new TextDecoder();
      const found = page.files.map((file) => message(file, decoder.decode(file.key)));
      return { files: found, prefixes: [...page.prefixes], nextCursor: page.cursor };
    },
    async deleteFile({ bucket, key }) {
      await deleteKey(files, bucket, key);
      return {};
    },
  });
  router.service(ClusterService, {
    async listServers() {
      const rows = await listServerRows(files.sql);
      return {
        servers: rows.map((row) => ({
          id: row.id,
          grpcAddress: row.grpcAddress,
          httpAddress: row.httpAddress,
          state: STATES[row.state],
          freeBytes: BigInt(row.freeBytes),
          usedBytes: BigInt(row.usedBytes),
          lastHeartbeat: timestampFromDate(row.lastHeartbeat),
        })),
      };
    },
    async locate({ bucket, key }) {
      const { file, inline, segments } = await readManifest(files, bucket, key);
      const chunks = segments.flatMap(({ number, chunks }) =>
        chunks.map(({ chunkId, index, serverId, length, sha256 }) => {
          return {
            chunkId,
            segment: number,
            index,
            serverId,
            length: BigInt(length),
            sha256: Uint8Array.from(Buffer.from(sha256, "hex")),
          };
        })
      );
      return { fileId: file.id, inline: inline !== null, chunks };
    },
  });
  const byPath = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request) => {
    const handler = byPath.get(new URL(request.url).pathname);
    return handler && handler(universalServerRequestFromFetch(request, {})).then(universalServerResponseToFetch);
  };
}

function translateErrors(log: Logger): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (thrown) {
      const error = SixfoldError.from(thrown);
      if (error.code === "internal") log.error("call failed", { method: request.method.name, error: thrown });
      throw error.toConnect();
    }
  };
}

async function* dataOf(steps: AsyncIterator<UploadRequest>): AsyncGenerator<Uint8Array> {
  for (let step = await steps.next(); !step.done; step = await steps.next()) {
    const { part } = step.value;
    if (part.case !== "data") throw new SixfoldError("invalid_argument", "after its header Upload takes data only");
    yield part.value;
  }
}

function message(file: FileInfo, key: string) {
  return {
    id: file.id,
    bucket: file.bucket,
    key,
    size: BigInt(file.size),
    contentType: file.contentType,
    ...(file.sha256 ? { sha256: Uint8Array.from(file.sha256) } : {}),
    createdAt: timestampFromDate(file.createdAt),
    metadata: { ...file.metadata },
  };
}
