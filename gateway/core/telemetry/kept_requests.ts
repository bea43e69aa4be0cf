/** The last requests as callers see them: what each was, and its pieces of work as a tree in the order of time. */
import { SixfoldError } from "../../../shared/errors.ts";
import type { KeptRequest, KeptTraces } from "../../../shared/telemetry_kept.ts";
import type { WorkSpan } from "../../../shared/telemetry_span.ts";

/** A request that was answered. */
export interface TracedRequest {
  readonly traceId: string;
  readonly requestId: string;
  /** Method and route. */
  readonly route: string;
  readonly status: number;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly bytes: number;
  readonly error: string;
}

/** A request with all of its work. Times are ms since it began. */
export interface RequestTrace {
  readonly request: TracedRequest;
  readonly spans: readonly TracedSpan[];
  readonly leftOut: number;
}

/** A piece of work. */
export interface TracedSpan {
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: {
    readonly name: string;
    readonly atMs: number;
    readonly attributes: Readonly<Record<string, string>>;
  }[];
  readonly error: string;
}

const USUAL = 100;
/** The spans that are a request's own work with bytes of a file. */
const TRANSFERS = new Set(["upload", "upload.part", "download"]);
const TRACE_ID = /^[0-9a-f]{32}$/;

/** The last requests, the newest first. @param limit 0 for as many as usual */
export function listRequests(kept: KeptTraces | undefined, limit: number): TracedRequest[] {
  return present(kept).list().slice(0, limit || USUAL).flatMap((request) => {
    return request.root === undefined ? [] : [requestOf(request, request.root)];
  });
}

/**
 * The requests of a trace.
 * @throws SixfoldError `invalid_argument`; `not_found` where this gateway keeps none of them
 */
export function findTrace(kept: KeptTraces | undefined, traceId: string): RequestTrace[] {
  if (!TRACE_ID.test(traceId)) throw new SixfoldError("invalid_argument", "the id of a trace has 32 hex digits");
  const traces = present(kept).find(traceId).flatMap((request) => {
    const { root, spans, left } = request;
    if (root === undefined) return [];
    const all = [root, ...spans.toSorted((a, b) => a.start - b.start)];
    return [{
      request: requestOf(request, root),
      spans: all.map((span) => spanOf(span, root)),
      leftOut: left,
    }];
  });
  if (traces.length > 0) return traces;
  throw new SixfoldError(
    "not_found",
    "this gateway does not keep this trace; only the last ones are kept, and only here",
  );
}

function present(kept: KeptTraces | undefined): KeptTraces {
  if (kept !== undefined) return kept;
  throw new SixfoldError("failed_precondition", "this gateway keeps no traces; set SIXFOLD_KEPT_REQUESTS");
}

function requestOf({ traceId, spans }: KeptRequest, root: WorkSpan): TracedRequest {
  const transfer = spans.find(({ name }) => TRANSFERS.has(name));
  return {
    traceId,
    requestId: String(root.attributes["sixfold.request.id"] ?? ""),
    route: root.name,
    status: Number(root.attributes["http.response.status_code"] ?? 0),
    startedAt: new Date(root.start),
    durationMs: root.durationMs,
    bytes: Number(transfer?.attributes["sixfold.bytes"] ?? 0),
    error: transfer?.error || root.error,
  };
}

function spanOf(span: WorkSpan, root: WorkSpan): TracedSpan {
  const { spanId, name, start, durationMs, attributes, events, error } = span;
  const text = (values: WorkSpan["attributes"]) =>
    Object.fromEntries(
      Object.entries(values).flatMap(([key, value]) => value === undefined ? [] : [[key, String(value)]]),
    );
  return {
    spanId,
    // The caller's span is elsewhere.
    parentId: span === root ? "" : span.parentId,
    name,
    startMs: start - root.start,
    durationMs,
    attributes: text(attributes),
    events: events.map(({ name, at, attributes }) => ({ name, atMs: at - root.start, attributes: text(attributes) })),
    error,
  };
}
