/** Watches each request from its head to the end of its answer, for the metrics and as the root of its trace. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { SixfoldError } from "../shared/errors.ts";
import { REQUEST_ID_HEADER, requestId, requestIdHeader, withRequestId } from "../shared/request_id.ts";
import { type OpenSpan, openTrace, traceIds, UNTRACED } from "../shared/telemetry.ts";
import type { KeptTraces } from "../shared/telemetry_kept.ts";
import { isTraced, methodOf, routeOf } from "./api/route.ts";
import { requestDuration } from "./core/telemetry/metrics.ts";
import { pulse } from "./core/telemetry/pulse.ts";

/**
 * Watches a request and does its work, under its id and as a part of its trace.
 * @param work is given what the answer's headers say of these; to be asked inside of it
 */
export type RequestWatch = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  work: (headers: () => Record<string, string>) => Promise<void>,
) => Promise<void>;

/** The header of answers that names the trace. */
export const TRACE_ID_HEADER = "x-trace-id";
/** What a client that left before the end of its answer is counted as. */
const LEFT = 499;

/** @param kept where traces are kept, if they are */
export function createRequestWatch(kept: KeptTraces | undefined): RequestWatch {
  return (incoming, outgoing, work) => {
    const given = incoming.headers[REQUEST_ID_HEADER];
    return withRequestId(typeof given === "string" ? given : undefined, () => {
      const span = watch(incoming, outgoing);
      return span.run(() => work(() => ({ ...requestIdHeader(), ...traceHeaders(kept) })));
    });
  };
}

function watch(incoming: IncomingMessage, outgoing: ServerResponse): OpenSpan {
  const began = performance.now();
  const route = routeOf(incoming.url ?? "/");
  const method = methodOf(incoming.method ?? "GET");
  const span = isTraced(route) ? openRequest(incoming, method, route) : UNTRACED;
  outgoing.on("close", () => {
    const status = outgoing.writableFinished ? outgoing.statusCode : LEFT;
    const ms = performance.now() - began;
    if (isTraced(route)) pulse.answered(ms, status >= 500);
    requestDuration(ms / 1000, {
      "http.request.method": method,
      "http.route": route,
      "http.response.status_code": status,
    });
    span.annotate({ "http.response.status_code": status });
    span.end(errorOf(status));
  });
  return span;
}

/** The trace's id, and where the time went until now. */
function traceHeaders(kept: KeptTraces | undefined): Record<string, string> {
  const ids = traceIds();
  if (ids === undefined) return {};
  const timing = kept?.timing(ids.spanId) ?? "";
  return { [TRACE_ID_HEADER]: ids.traceId, ...(timing === "" ? {} : { "server-timing": timing }) };
}

function openRequest({ headers }: IncomingMessage, method: string, route: string): OpenSpan {
  const header = (name: string) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(",") : value;
  };
  const attributes = { "http.request.method": method, "http.route": route, "sixfold.request.id": requestId() ?? "" };
  return openTrace(`${method} ${route}`, { kind: "server", attributes, header });
}

function errorOf(status: number): SixfoldError | undefined {
  if (status === LEFT) return new SixfoldError("canceled", "the client went away");
  return status >= 500 ? new SixfoldError("unavailable", `the answer was ${status}`) : undefined;
}
