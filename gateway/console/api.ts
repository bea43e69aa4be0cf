/** The console's ways to its gateway: the RPCs that any page could call, and the SDK for the bytes of files. */
import { ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { createClient as createSdk } from "../../client/mod.ts";
import { ClusterService } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { FileService } from "../../shared/gen/sixfold/v1/files_pb.ts";
import { KeyService } from "../../shared/gen/sixfold/v1/keys_pb.ts";

const CALL_MS = 15_000;
const { origin } = globalThis.location;
const transport = createGrpcWebTransport({ baseUrl: origin, defaultTimeoutMs: CALL_MS });

/** Files by RPC. */
export const files = createClient(FileService, transport);

/** The cluster by RPC. */
export const cluster = createClient(ClusterService, transport);

/** API keys by RPC. */
export const keys = createClient(KeyService, transport);

/** Uploads and downloads. */
export const sdk = createSdk({ gateways: origin });

/** What an error says, as a sentence for people. */
export function sentenceOf(thrown: unknown): string {
  const { rawMessage } = ConnectError.from(thrown);
  const text = rawMessage === "" ? "something went wrong; try again" : rawMessage;
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Where a file's bytes are, for the browser's own way to save them. */
export function hrefOf(bucket: string, key: string): string {
  return `/v1/files/${encodeURIComponent(bucket)}/${key.split("/").map(encodeURIComponent).join("/")}`;
}
