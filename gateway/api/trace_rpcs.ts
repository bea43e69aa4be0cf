/** The traces that this gateway keeps, over RPC and REST. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { GetTraceRequest, ListRequestsRequest } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import type { KeptTraces } from "../../shared/telemetry_kept.ts";
import { findTrace, listRequests, type TracedRequest } from "../core/telemetry/kept_requests.ts";

/** The RPCs that tell where requests have spent their time. */
export function traceRpcs(kept: KeptTraces | undefined) {
  return {
    listRequests: ({ limit }: ListRequestsRequest) => ({ requests: listRequests(kept, limit).map(requestMessage) }),
    getTrace: ({ traceId }: GetTraceRequest) => ({
      traces: findTrace(kept, traceId).map(({ request, spans, leftOut }) => {
        return { request: requestMessage(request), spans: [...spans], leftOut };
      }),
    }),
  };
}

/** `GET /v1/traces` and `GET /v1/traces/{id}`. */
export function routeTraces(kept: KeptTraces | undefined, request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  const [, , , traceId] = pathname.split("/");
  if (traceId) return Response.json({ traces: findTrace(kept, traceId) });
  return Response.json({ requests: listRequests(kept, Number(searchParams.get("limit")) || 0) });
}

function requestMessage({ startedAt, bytes, ...request }: TracedRequest) {
  return { ...request, startedAt: timestampFromDate(startedAt), bytes: BigInt(bytes) };
}
