/**
 * Traces: what a request did, and for how long, here and in the processes that it called. Where tracing is off, nothing of
 * this makes anything. A span is only made inside a trace: what looks after the cluster every few seconds makes none.
 * Attributes never name what a user has named, and never hold a key.
 */
import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { SixfoldError } from "./errors.ts";

export type { Attributes };

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
const ORIGIN = performance.timeOrigin;
const KINDS = { client: SpanKind.CLIENT, server: SpanKind.SERVER, internal: SpanKind.INTERNAL };
const propagator = new W3CTraceContextPropagator();
const setter = { set: (carrier: Record<string, string>, key: string, value: string) => void (carrier[key] = value) };
const headerGetter = {
  keys: () => [],
  get: (read: (name: string) => string | null | undefined, key: string) => read(key) ?? undefined,
};

/** What makes spans; undefined while tracing is off. */
let tracer: SpanMaker | undefined;

/** What makes spans: the SDK's, or one that only keeps them. */
export type SpanMaker = Pick<Tracer, "startSpan">;

/** Switches tracing on, once a process has set it up, and off. */
export function enableTracing(by: SpanMaker | undefined): void {
  tracer = by;
}

/** Begins a trace, or this process's part of the caller's. */
export function openTrace(name: string, { kind, attributes, header, link }: TraceOrigin): OpenSpan {
  if (tracer === undefined) return UNTRACED;
  const outside = context.active();
  // To take a span out makes another context, where there is none as well.
  const alone = trace.getSpan(outside) === undefined ? outside : trace.deleteSpan(outside);
  const caller = header === undefined ? alone : propagator.extract(alone, header, headerGetter);
  const linked = link === undefined || link === null
    ? undefined
    : trace.getSpanContext(propagator.extract(context.active(), () => link, headerGetter));
  const links = linked === undefined ? [] : [{ context: linked }];
  return open(tracer, name, caller, KINDS[kind], attributes, links);
}

/** Does work that belongs to no trace, though a request that has one may be the first to want it. */
export function outOfTrace<T>(work: () => T): T {
  return context.with(trace.deleteSpan(context.active()), work);
}

/** Does work in a trace, and ends it. */
export function inTrace<T>(name: string, origin: TraceOrigin, work: () => Promise<T>): Promise<T> {
  return follow(openTrace(name, origin), work);
}

/** Begins a piece of the work that is followed here. */
export function openSpan(
  name: string,
  attributes?: Attributes,
  kind: keyof typeof KINDS = "internal",
): OpenSpan {
  if (tracer === undefined) return UNTRACED;
  const here = context.active();
  return trace.getSpan(here) === undefined ? UNTRACED : open(tracer, name, here, KINDS[kind], attributes);
}

/** Does a piece of work, and follows it. */
export function inSpan<T>(
  name: string,
  attributes: Attributes | undefined,
  work: () => Promise<T>,
  kind?: keyof typeof KINDS,
): Promise<T> {
  return tracer ? follow(openSpan(name, attributes, kind), work) : work();
}

/**
 * Takes note of a piece of work that is over.
 * @param from of `Date.now()` with fractions, as is `to`
 */
export function addSpan(name: string, attributes: Attributes, from: number, to: number): void {
  if (tracer === undefined) return;
  const here = context.active();
  if (trace.getSpan(here) === undefined) return;
  tracer.startSpan(name, { attributes, startTime: from }, here).end(to);
}

/** The time for `addSpan`: milliseconds since 1970 that never go back. */
export function spanTime(): number {
  return ORIGIN + performance.now();
}

/** Takes note of something that happened. */
export function spanEvent(name: string, attributes?: Attributes): void {
  recording()?.addEvent(name, attributes, spanTime());
}

/** Says more of the work that is followed here. */
export function annotate(attributes: Attributes): void {
  recording()?.setAttributes(attributes);
}

/** The headers that carry the trace to whom is called. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  if (tracer !== undefined) propagator.inject(context.active(), headers, setter);
  return headers;
}

/** The place in the trace, to be linked to by work that is done later; null where there is none. */
export function traceParent(): string | null {
  return traceHeaders()["traceparent"] ?? null;
}

/** The ids of the trace and of the span that this code runs in. */
export function traceIds(): { readonly traceId: string; readonly spanId: string } | undefined {
  return tracer ? trace.getActiveSpan()?.spanContext() : undefined;
}

/** The span that this code runs in, unless it is over. */
function recording(): Span | undefined {
  const span = tracer ? trace.getActiveSpan() : undefined;
  return span?.isRecording() ? span : undefined;
}

function open(
  tracer: SpanMaker,
  name: string,
  parent: Context,
  kind: SpanKind,
  attributes: Attributes = {},
  links: Link[] = [],
): OpenSpan {
  // One clock for all of them: the SDK's own reads two for each span, and a pause between these puts a part outside its whole.
  const span = tracer.startSpan(name, { kind, attributes, links, startTime: spanTime() }, parent);
  const inside = trace.setSpan(parent, span);
  return {
    run: (work) => context.with(inside, work),
    annotate(more) {
      if (span.isRecording()) span.setAttributes(more);
    },
    end(error) {
      if (!span.isRecording()) return;
      if (error !== undefined) tellError(span, error);
      span.end(spanTime());
    },
  };
}

/** What errors say of themselves is fit for callers, and so for traces. */
function tellError(span: Span, thrown: unknown): void {
  const { code, detail, message } = SixfoldError.from(thrown);
  span.setAttributes({ "error.type": detail ?? code });
  // Who leaves, or is left, has not failed.
  if (code !== "canceled") span.setStatus({ code: SpanStatusCode.ERROR, message });
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
