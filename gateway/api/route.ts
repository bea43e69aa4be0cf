/** What a request is called in metrics and traces: a few names, whatever paths clients think of. */
import { ClusterService } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { FileService } from "../../shared/gen/sixfold/v1/files_pb.ts";
import { KeyService } from "../../shared/gen/sixfold/v1/keys_pb.ts";

const TRACES = "/v1/traces";
const EXACT = new Set([
  "/",
  "/healthz",
  "/readyz",
  "/metrics",
  "/v1/files",
  "/v1/session",
  "/v1/uploads",
  "/tus",
  TRACES,
  ...[FileService, ClusterService, KeyService].flatMap(({ typeName, methods }) =>
    methods.map(({ name }) => `/${typeName}/${name}`)
  ),
]);
const METHODS = new Set(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]);

/** The route of a path, without what a user has named. @param url a path, and perhaps a query */
export function routeOf(url: string): string {
  const path = url.split("?", 1)[0] ?? "";
  if (EXACT.has(path)) return path;
  if (path.startsWith("/v1/files/")) return "/v1/files/{bucket}/{key}";
  if (path.startsWith("/v1/undelete/")) return "/v1/undelete/{bucket}/{key}";
  if (path.startsWith("/v1/uploads/")) return "/v1/uploads/{id}";
  if (path.startsWith("/tus/")) return "/tus/{id}";
  if (path.startsWith("/resumable/")) return "/resumable/{id}";
  if (path.startsWith(`${TRACES}/`)) return `${TRACES}/{id}`;
  if (path.startsWith("/console/")) return "/console/{part}";
  return "other";
}

/** Whether requests of a route are traced: those for files are, and not those that look how things are. */
export function isTraced(route: string): boolean {
  return route.startsWith("/v1/files") || route.startsWith("/v1/undelete") || route.startsWith("/v1/uploads") ||
    route.startsWith("/tus") || route.startsWith("/resumable") ||
    route.startsWith(`/${FileService.typeName}/`);
}

/** The method, where it is one that is known. */
export function methodOf(method: string): string {
  return METHODS.has(method) ? method : "_OTHER";
}
