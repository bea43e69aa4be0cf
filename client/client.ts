/** The client: all that it does, with its gateways at hand. */
import { SixfoldError } from "../shared/errors.ts";
import { filePath } from "./address.ts";
import { type ChunkPlace, locate, type Readiness, readiness, type ServerInfo, servers } from "./cluster.ts";
import { copy, type CopyOptions, type FilePlace } from "./copy.ts";
import { type Download, download, type DownloadOptions } from "./download.ts";
import { type CallOptions, callRpc, type GatewayOptions, Gateways } from "./gateways.ts";
import { createKey, type KeyInfo, type KeyOptions, listKeys, revokeKey } from "./keys.ts";
import { list, type ListEntry, type ListOptions } from "./list.ts";
import { type MoveCalls, moveCalls } from "./moves.ts";
import { type DatabaseCalls, databaseCalls } from "./database.ts";
import { type RepairCalls, repairCalls } from "./repairs.ts";
import type { UploadSource } from "./source.ts";
import { fileOfJson, type StoredFile } from "./stored_file.ts";
import { trace, type TraceSpan } from "./trace.ts";
import type { UploadOptions } from "./upload.ts";
import { Upload } from "./upload_handle.ts";
import { type Beat, watch } from "./watch.ts";

/** Calls about API keys, for whoever has the right `admin`. */
export interface KeyCalls {
  /** Makes a key; its text is in the answer alone. */
  create(options: KeyOptions): Promise<{ readonly key: KeyInfo; readonly text: string }>;
  /** Lists all keys, also those that are not valid any more. */
  list(options?: CallOptions): AsyncGenerator<KeyInfo>;
  /** Ends a key for good, within five seconds everywhere. @throws SixfoldError `not_found` */
  revoke(id: string, options?: CallOptions): Promise<void>;
}

/** A client of a cluster. Every method throws a SixfoldError whose `code` says what kind of error it is. */
export interface SixfoldClient {
  /** Stores a file: await what this returns, or hold it back and let it go on. */
  upload(source: UploadSource, options: UploadOptions): Upload;
  /** Reads a file; its bytes are verified as they are taken from what this returns. */
  download(bucket: string, key: string, options?: DownloadOptions): Promise<Download>;
  /** Lists a bucket in the order of its keys. */
  list(bucket: string, options?: ListOptions): AsyncGenerator<ListEntry>;
  /** What is known of a file. @throws SixfoldError `not_found` */
  stat(bucket: string, key: string, options?: CallOptions): Promise<StoredFile>;
  /** Whether there is such a file. */
  exists(bucket: string, key: string, options?: CallOptions): Promise<boolean>;
  /** Copies a file; its bytes come here and are stored once more, some parts of them at a time. */
  copy(from: FilePlace, to: FilePlace, options?: CopyOptions): Promise<StoredFile>;
  /** Removes a file. @returns whether it was there */
  remove(bucket: string, key: string, options?: CallOptions): Promise<boolean>;
  /**
   * Brings a removed file back, until its grace time is over.
   * @param options its `id`; without one, the file that was removed last under the key
   * @throws SixfoldError `not_found` when it is too late; `already_exists` when another file has the key
   */
  undelete(bucket: string, key: string, options?: CallOptions & { readonly id?: string }): Promise<StoredFile>;
  /** The storage servers. */
  servers(options?: CallOptions): Promise<ServerInfo[]>;
  /** Where the chunks of a file are; none where it lives in the database. @throws SixfoldError `not_found` */
  locate(bucket: string, key: string, options?: CallOptions): Promise<ChunkPlace[]>;
  /** What goes on at a gateway: at once, and then every second until the loop over it is left. */
  watch(options?: CallOptions): AsyncGenerator<Beat>;
  /** What the requests of a trace did, by the id that an answer's `x-trace-id` said. @throws SixfoldError `not_found` */
  trace(traceId: string, options?: CallOptions): Promise<TraceSpan[][]>;
  /** The API keys of the cluster. */
  readonly keys: KeyCalls;
  /** Rebalances and drains. */
  readonly moves: MoveCalls;
  /** What is being rebuilt. */
  readonly repairs: RepairCalls;
  /** Whether the database is believed, and fits the disks. */
  readonly database: DatabaseCalls;
  /** How each gateway is, in the order of their addresses; never throws for one that is down. */
  readiness(options?: CallOptions): Promise<Readiness[]>;
}

/**
 * A client for the gateways of one cluster. It holds no connection and needs no closing.
 * @example
 * ```ts
 * const client = createClient({ gateways: "http://127.0.0.1:8080" });
 * await client.upload(new Blob(["hello"]), { bucket: "demo", key: "hello.txt" });
 * const hello = await client.download("demo", "hello.txt");
 * console.log(hello.file.size, await hello.text());
 * ```
 * @throws SixfoldError `invalid_argument` for an address that is none
 */
export function createClient(options: GatewayOptions): SixfoldClient {
  const gateways = new Gateways(options);
  const stat = async (bucket: string, key: string, call: CallOptions = {}) => {
    filePath(bucket, key);
    return fileOfJson((await callRpc(gateways, "FileService/GetFile", { bucket, key }, call))["file"]);
  };
  return {
    upload: (source, options) => new Upload(gateways, source, options),
    download: (bucket, key, options) => download(gateways, bucket, key, options),
    list: (bucket, options) => list(gateways, bucket, options),
    stat,
    exists: (bucket, key, call) => found(stat(bucket, key, call)),
    copy: (from, to, options) => copy(gateways, from, to, options),
    remove: (bucket, key, call) => found(callRpc(gateways, "FileService/DeleteFile", { bucket, key }, call)),
    undelete: async (bucket, key, { id = "", ...call } = {}) => {
      const request = { bucket, key, fileId: id };
      return fileOfJson((await callRpc(gateways, "FileService/UndeleteFile", request, call))["file"]);
    },
    servers: (call) => servers(gateways, call),
    locate: (bucket, key, call) => locate(gateways, bucket, key, call),
    watch: (call) => watch(gateways, call),
    trace: (traceId, call) => trace(gateways, options, traceId, call),
    keys: {
      create: (options) => createKey(gateways, options),
      list: (call) => listKeys(gateways, call),
      revoke: (id, call) => revokeKey(gateways, id, call),
    },
    moves: moveCalls(gateways),
    repairs: repairCalls(gateways),
    database: databaseCalls(gateways),
    readiness: (call) => readiness(gateways, options, call),
  };
}

async function found(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof SixfoldError && error.code === "not_found") return false;
    throw error;
  }
}
