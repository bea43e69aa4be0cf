/**
 * What each route and each RPC needs of its caller. What is not listed needs `admin`: a route that is added lets nobody
 * in until it has its line here, and a test asks for the line. An RPC without one is an error of types.
 */
import { ClusterService } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { FileService } from "../../shared/gen/sixfold/v1/files_pb.ts";
import { KeyService } from "../../shared/gen/sixfold/v1/keys_pb.ts";
import type { Verb } from "../core/access/rights.ts";
import { routeOf } from "./route.ts";

/** A right, or: anybody is let in. */
export type Need = Verb | "nothing";

/** The RPCs that any service must list. */
type Needs<Service extends { readonly method: object }> = Readonly<Record<keyof Service["method"], Verb>>;

const FILES: Needs<typeof FileService> = {
  upload: "write",
  download: "read",
  getFile: "read",
  listParts: "read",
  listBuckets: "read",
  listFiles: "read",
  deleteFile: "delete",
  undeleteFile: "write",
  createUpload: "write",
  uploadPart: "write",
  getUpload: "write",
  completeUpload: "write",
  abortUpload: "write",
};

const CLUSTER: Needs<typeof ClusterService> = {
  listServers: "observe",
  locate: "read",
  getRing: "observe",
  previewLoss: "observe",
  planChange: "observe",
  startRebalance: "admin",
  drainServer: "admin",
  cancelDrain: "admin",
  removeServer: "admin",
  getMoves: "observe",
  pauseMoves: "admin",
  resumeMoves: "admin",
  stopMoves: "admin",
  getRepairs: "observe",
  listRepairs: "observe",
  retryRepair: "admin",
  listReconciliations: "observe",
  allowReconciliation: "admin",
  confirmDatabase: "admin",
  listWork: "observe",
  listRequests: "observe",
  watch: "observe",
  getTrace: "observe",
};

const KEYS: Needs<typeof KeyService> = { createKey: "admin", listKeys: "admin", revokeKey: "admin" };

/** Plain HTTP: what a route needs, by its method where that matters. */
const ROUTES: Readonly<Record<string, Need | Readonly<Record<string, Need>>>> = {
  "/": "nothing",
  "/console/{part}": "nothing",
  "/healthz": "nothing",
  "/readyz": "nothing",
  "/metrics": "observe",
  "/v1/session": "nothing",
  "/v1/traces": "observe",
  "/v1/traces/{id}": "observe",
  "/v1/files": { GET: "read", POST: "write" },
  "/v1/files/{bucket}/{key}": { GET: "read", HEAD: "read", PUT: "write", DELETE: "delete", OPTIONS: "write" },
  "/v1/undelete/{bucket}/{key}": { POST: "write" },
  "/v1/uploads": "write",
  "/v1/uploads/{id}": "write",
  "/tus": "write",
  "/tus/{id}": "write",
  "/resumable/{id}": "write",
};

/** The routes whose paths name a file or an upload, which may be foreign to a caller. */
export const PLACED_ROUTES = Object.keys(ROUTES).filter((route) =>
  /\{(key|id)\}/.test(route) && route !== "/v1/traces/{id}"
);

const RPCS = new Map<string, Verb>([
  ...listed(FileService, FILES),
  ...listed(ClusterService, CLUSTER),
  ...listed(KeyService, KEYS),
]);

/** What a request needs. @param path without a query */
export function needOf(method: string, path: string): Need {
  const rpc = RPCS.get(path);
  if (rpc !== undefined) return rpc;
  const route = ROUTES[routeOf(path)];
  if (typeof route === "object") return route[method] ?? "admin";
  return route ?? "admin";
}

/** Whether there is a line for a route, or for an RPC's path. */
export function isListed(method: string, path: string): boolean {
  const route = ROUTES[routeOf(path)];
  return RPCS.has(path) || typeof route === "string" || route?.[method] !== undefined;
}

function* listed<M extends string>(
  { typeName, method }: { readonly typeName: string; readonly method: Readonly<Record<M, { readonly name: string }>> },
  needs: Readonly<Record<M, Verb>>,
): Generator<[string, Verb]> {
  for (const name of Object.keys(method) as M[]) yield [`/${typeName}/${method[name].name}`, needs[name]];
}
