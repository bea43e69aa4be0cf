/**
 * Traces: what a request did, and for how long, here and in the processes that it called. Where tracing is off, nothing of
 * this makes anything. A span is only made inside a trace: what looks after the cluster every few seconds makes none.
 * Attributes never name what a user has named, and never hold a key.
 */
import type { SpanMaker } from "./telemetry_maker.ts";
import { type Attributes, outsideSpans, type SpanKind, spanTime, WorkSpan } from "./telemetry_span.ts";
import { readTracePlace, traceHeadersOf, type TracePlace } from "./trace_context.ts";

export { spanTime };

/** A piece of work that is followed. */
export interface OpenSpan {
  /** Does work inside of it. */
  run<T>(work: () => T): T;
  annotate(attributes: Attributes): void;
  /** Ends it; only the first end counts. @param error what it ended with, where it did not go well */
  end(error?: unknown): void;
}

/** Where a trace comes from. */
export interface TraceOrigin {
  /** Whether somebody is answered, or this is work of the process itself. */
  readonly kind: "server" | "internal";
  readonly attributes?: Attributes;
  /** Reads a header of the caller, who may have begun the trace. */
  readonly header?: (name: string) => string | null | undefined;
  /** The `traceParent` of what asked for this work, in a trace of its own. */
  readonly link?: string | null;
}

/** Work that is not followed. */
export const UNTRACED: OpenSpan = { run: (work) => work(), annotate() {}, end() {} };
const NOTHING: Attributes = {};
const NO_LINKS: readonly TracePlace[] = [];

/** What makes spans; undefined while tracing is off. */
let maker: SpanMaker | undefined;

/** Switches tracing on, once a process has set it up, and off. */
export function enableTracing(by: SpanMaker | undefined): void {
  maker = by;
}

/** Begins a trace, or this process's part of the caller's. */
export function openTrace(name: string, { kind, attributes = NOTHING, header, link }: TraceOrigin): OpenSpan {
  if (maker === undefined) return UNTRACED;
  const linked = link ? readTracePlace((name) => name === "traceparent" ? link : undefined) : undefined;
  const links = linked === undefined ? NO_LINKS : [linked];
  return maker.first({ name, kind, attributes, at: spanTime(), links }, header && readTracePlace(header));
}

/** Does work that belongs to no trace, though a request that has one may be the first to want it. */
export function outOfTrace<T>(work: () => T): T {
  return outsideSpans(work);
}

/** Does work in a trace, and ends it. */
export function inTrace<T>(name: string, origin: TraceOrigin, work: () => Promise<T>): Promise<T> {
  return follow(openTrace(name, origin), work);
}

/** Begins a piece of the work that is followed here. */
export function openSpan(name: string, attributes = NOTHING, kind: SpanKind = "internal"): OpenSpan {
  return begin(name, attributes, kind, undefined) ?? UNTRACED;
}

/** Does a piece of work, and follows it. */
export function inSpan<T>(
  name: string,
  attributes: Attributes | undefined,
  work: () => Promise<T>,
  kind?: SpanKind,
): Promise<T> {
  return maker ? follow(openSpan(name, attributes, kind), work) : work();
}

/**
 * Takes note of a piece of work that is over.
 * @param from of `spanTime`, as is `to`
 */
export function addSpan(name: string, attributes: Attributes, from: number, to: number): void {
  begin(name, attributes, "internal", from)?.end(undefined, to);
}

/** Takes note of something that happened. */
export function spanEvent(name: string, attributes = NOTHING): void {
  here()?.event(name, attributes);
}

/** Says more of the work that is followed here. */
export function annotate(attributes: Attributes): void {
  here()?.annotate(attributes);
}

/** The headers that carry the trace to whom is called. */
export function traceHeaders(): Record<string, string> {
  const span = here();
  return span === undefined ? {} : traceHeadersOf(span);
}

/** The place in the trace, to be linked to by work that is done later; null where there is none. */
export function traceParent(): string | null {
  return traceHeaders()["traceparent"] ?? null;
}

/** The ids of the trace and of the span that this code runs in. */
export function traceIds(): { readonly traceId: string; readonly spanId: string } | undefined {
  return here();
}

/** The span that this code runs in. */
function here(): WorkSpan | undefined {
  return maker && WorkSpan.current;
}

/** @param from when it began, if that is not now */
function begin(name: string, attributes: Attributes, kind: SpanKind, from: number | undefined): WorkSpan | undefined {
  const whole = here();
  return whole && maker?.part({ name, kind, attributes, at: from ?? spanTime(), links: NO_LINKS }, whole);
}

async function follow<T>(span: OpenSpan, work: () => Promise<T>): Promise<T> {
  try {
    const result = await span.run(work);
    span.end();
    return result;
  } catch (error) {
    span.end(error);
    throw error;
  }
}
