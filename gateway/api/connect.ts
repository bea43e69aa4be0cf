/** Connect and gRPC-Web: messages in, core calls, messages out. */
import { createConnectRouter } from "@connectrpc/connect";
import { SixfoldError } from "../../shared/errors.ts";
import { ClusterService } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { KeyService } from "../../shared/gen/sixfold/v1/keys_pb.ts";
import { type DownloadRequest, FileService, type UploadRequest } from "../../shared/gen/sixfold/v1/files_pb.ts";
import type { Logger } from "../../shared/logger.ts";
import type { KeptTraces } from "../../shared/telemetry_kept.ts";
import { fetchHandler, requestsOf, SERVER_LIMITS, translateErrors, translateStream } from "../../shared/rpc.ts";
import { asCaller, type Caller, callerNow } from "../core/access/caller.ts";
import { download } from "../core/files/download.ts";
import type { KeyStore } from "../core/access/keys.ts";
import { deleteKey, findFileAt, listFileParts, readManifest, undeleteKey, viewOf } from "../core/files/files.ts";
import { bucketPage, listPage } from "../core/files/list.ts";
import type { Store } from "../core/segments/store.ts";
import { upload } from "../core/files/upload.ts";
import type { Upkeep } from "../core/cluster/upkeep.ts";
import { createDownloadStream } from "./download_stream.ts";
import { fileMessage } from "./file_message.ts";
import { keyRpcs } from "./key_rpcs.ts";
import { listServers } from "./servers.ts";
import { changeRpcs } from "./change_rpcs.ts";
import { traceRpcs } from "./trace_rpcs.ts";
import { upkeepRpcs } from "./upkeep_rpcs.ts";
import { placeRpcs } from "./place_rpcs.ts";
import { watchRpcs } from "./watch_rpcs.ts";
import { partMessage, requestOf, uploadRpcs } from "./upload_rpcs.ts";

/** The RPCs. */
export interface Rpc {
  /** Answers a request; undefined where no RPC has its path. */
  handle(request: Request): Promise<Response> | undefined;
  readonly paths: readonly string[];
}

/** Connect and gRPC-Web. */
export function createRpc(
  store: Store,
  upkeep: Upkeep,
  keys: KeyStore,
  kept: KeptTraces | undefined,
  log: Logger,
): Rpc {
  const { watch } = watchRpcs(store, upkeep.stopping);
  const router = createConnectRouter({ ...SERVER_LIMITS, grpc: false, interceptors: [translateErrors(log)] });
  router.service(FileService, {
    async upload(requests, { signal }) {
      const steps = requestsOf(requests);
      const first = await steps.next();
      if (first.done || first.value.part.case !== "header") {
        throw new SixfoldError("invalid_argument", "Upload begins with a header");
      }
      const file = await upload(store, requestOf(first.value.part.value), dataOf(steps), signal);
      return { file: fileMessage(file) };
    },
    download: (request, { signal }) => translateStream(reader(store)(request, signal)),
    getFile: async ({ bucket, key }) => ({ file: fileMessage(await findFileAt(store, bucket, key)) }),
    async listParts({ fileId, fromOffset, limit }) {
      const { parts, next } = await listFileParts(store, fileId, Number(fromOffset), limit);
      return { parts: parts.map(partMessage), ...(next === undefined ? {} : { nextOffset: BigInt(next) }) };
    },
    listBuckets: ({ after, limit }) => bucketPage(store, after, limit),
    async listFiles(request) {
      const page = await listPage(store, request);
      return { files: page.files.map(fileMessage), prefixes: [...page.prefixes], nextCursor: page.cursor };
    },
    async deleteFile({ bucket, key }) {
      const fileId = await deleteKey(store, bucket, key);
      return { fileId, restorableSeconds: BigInt(store.graceSeconds) };
    },
    undeleteFile: async ({ bucket, key, fileId }) => ({
      file: fileMessage(await undeleteKey(store, bucket, key, fileId)),
    }),
    ...uploadRpcs(store),
  });
  router.service(ClusterService, {
    listServers: async () => ({ servers: await listServers(store) }),
    ...changeRpcs(upkeep),
    ...upkeepRpcs(upkeep),
    ...traceRpcs(kept),
    watch: (_, { signal }) => translateStream(watch(signal)),
    ...placeRpcs(store, upkeep),
  });
  router.service(KeyService, keyRpcs(keys));
  const downloadInPlace = createDownloadStream(() => reader(store), log);
  const byTheBook = fetchHandler(router);
  return {
    handle: (request) => downloadInPlace(request) ?? byTheBook(request),
    paths: router.handlers.map(({ requestPath }) => requestPath),
  };
}

/** Reads for the caller of now: a generator's own steps are done for whoever takes them. */
function reader(store: Store) {
  const caller = callerNow();
  return (request: DownloadRequest, signal: AbortSignal) => read(store, caller, request, signal);
}

/** The messages of Download. A piece of data may change once the next one is asked for. */
async function* read(
  store: Store,
  caller: Caller,
  { bucket, key, offset, length }: DownloadRequest,
  signal: AbortSignal,
) {
  const started = await store.windows.starting.turn(signal);
  try {
    const manifest = await asCaller(caller, () => readManifest(store, bucket, key));
    const { size } = manifest.file;
    const from = Number(offset);
    if (from > size) throw new SixfoldError("out_of_range", `the file has ${size} bytes`);
    const count = Math.min(length === undefined ? size : Number(length), size - from);
    yield { part: { case: "file" as const, value: fileMessage(viewOf(manifest.file)) } };
    if (count === 0) return;
    const parts = { ...store, snapshot: store.cluster.now };
    for await (const data of download(parts, manifest, from, count, signal)) {
      started();
      yield { part: { case: "data" as const, value: data as Uint8Array<ArrayBuffer> } };
    }
  } finally {
    started();
  }
}

async function* dataOf(steps: AsyncIterator<UploadRequest>): AsyncGenerator<Uint8Array> {
  for (let step = await steps.next(); !step.done; step = await steps.next()) {
    const { part } = step.value;
    if (part.case !== "data") throw new SixfoldError("invalid_argument", "after its header Upload takes data only");
    yield part.value;
  }
}
