/** The last requests of a process with all their spans, for whoever asks where the time went. Bounded in number and memory. */
import {
  type Context,
  type HrTime,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import type { ReadableSpan, Span as SdkSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Attributes } from "./telemetry.ts";
import { KeptOnlySpan } from "./telemetry_kept_span.ts";

/** Something that happened in a span. */
export interface KeptEvent {
  readonly name: string;
  /** In ms since 1970, as all times here. */
  readonly at: number;
  readonly attributes: Attributes;
}

/** A piece of work that is over. */
export interface KeptSpan {
  readonly spanId: string;
  /** Empty for the request itself, and where the caller's span is elsewhere. */
  readonly parentId: string;
  readonly name: string;
  readonly start: number;
  readonly durationMs: number;
  readonly attributes: Attributes;
  readonly events: readonly KeptEvent[];
  /** What it failed with; empty where it did not. */
  readonly error: string;
}

/** A request that was answered. */
export interface KeptRequest {
  readonly traceId: string;
  /** The request itself; undefined while it is being answered. */
  root: KeptSpan | undefined;
  /** The pieces of work that are over, in the order of their ends. */
  readonly spans: KeptSpan[];
  /** Spans that were more than are kept of one request. */
  left: number;
}

/** Spans that are kept of one request, and of all together: each takes about half a KiB. */
const MOST_OF_ONE = 400;
const MOST_OF_ALL = 12_000;

/** Keeps the last requests. */
export class KeptTraces implements SpanProcessor {
  readonly #most: number;
  /** Those that were answered, the oldest first. */
  readonly #ended: KeptRequest[] = [];
  /** Of every span that is under way, the request that it belongs to. */
  readonly #open = new Map<string, KeptRequest>();
  #spans = 0;

  /** @param most requests */
  constructor(most: number) {
    this.#most = most;
  }

  onStart(span: SdkSpan): void {
    const { traceId, spanId } = span.spanContext();
    this.#begin(traceId, spanId, span.kind === SpanKind.SERVER ? undefined : span.parentSpanContext?.spanId ?? "");
  }

  onEnd(span: ReadableSpan): void {
    this.#finish(keep(span), span.kind === SpanKind.SERVER);
  }

  /**
   * Makes spans that are kept and do nothing else, where none are exported: they cost a third of those of the SDK, which
   * is felt with small files.
   */
  startSpan(
    name: string,
    { kind, attributes = {}, startTime }: SpanOptions = {},
    parent: Context = ROOT_CONTEXT,
  ): Span {
    const above = trace.getSpanContext(parent);
    const isRequest = kind === SpanKind.SERVER;
    const parentId = isRequest ? "" : above?.spanId ?? "";
    const ids = { traceId: above?.traceId ?? randomHex(16), spanId: nextSpanId(), traceFlags: TraceFlags.NONE };
    this.#begin(ids.traceId, ids.spanId, isRequest ? undefined : parentId);
    return new KeptOnlySpan(name, ids, parentId, attributes, startTime, (span) => this.#finish(span, isRequest));
  }

  /** @param parentId undefined for a request itself */
  #begin(traceId: string, spanId: string, parentId: string | undefined): void {
    const request = parentId === undefined
      ? { traceId, root: undefined, spans: [], left: 0 }
      : this.#open.get(parentId);
    if (request !== undefined) this.#open.set(spanId, request);
  }

  #finish(kept: KeptSpan, isRequest: boolean): void {
    const request = this.#open.get(kept.spanId);
    this.#open.delete(kept.spanId);
    if (request === undefined) return;
    if (isRequest) {
      request.root = kept;
      this.#ended.push(request);
      if (this.#ended.length > this.#most) this.#forgetOldest();
      return;
    }
    while (this.#spans >= MOST_OF_ALL && this.#ended.length > 0) this.#forgetOldest();
    if (request.spans.length >= MOST_OF_ONE || this.#spans >= MOST_OF_ALL) request.left++;
    else {
      request.spans.push(kept);
      this.#spans++;
    }
  }

  /** The last requests, the newest first. */
  list(): readonly KeptRequest[] {
    return this.#ended.toReversed();
  }

  /** The requests of a trace: a page that traces may have asked several times. */
  find(traceId: string): readonly KeptRequest[] {
    return this.#ended.filter((request) => request.traceId === traceId);
  }

  /** What a request has done so far, as the value of `Server-Timing`: for each kind of work the longest. */
  timing(spanId: string): string {
    const longest = new Map<string, { ms: number; count: number }>();
    for (const { name, durationMs } of this.#open.get(spanId)?.spans ?? []) {
      const known = longest.get(name) ?? { ms: 0, count: 0 };
      longest.set(name, { ms: Math.max(known.ms, durationMs), count: known.count + 1 });
    }
    const told = ([name, { ms, count }]: [string, { ms: number; count: number }]) =>
      `${name};dur=${ms.toFixed(1)}${count > 1 ? `;desc="the longest of ${count}"` : ""}`;
    return [...longest].map(told).join(", ");
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  #forgetOldest(): void {
    this.#spans -= this.#ended.shift()?.spans.length ?? 0;
  }
}

function keep(span: ReadableSpan): KeptSpan {
  const { name, kind, startTime, duration, attributes, events, status, parentSpanContext } = span;
  return {
    spanId: span.spanContext().spanId,
    parentId: kind === SpanKind.SERVER ? "" : parentSpanContext?.spanId ?? "",
    name,
    start: ms(startTime),
    durationMs: ms(duration),
    attributes,
    events: events.map(({ name, time, attributes = {} }) => ({ name, at: ms(time), attributes })),
    error: status.code === SpanStatusCode.ERROR ? status.message ?? "it failed" : "",
  };
}

/** Ids of spans: a random number of this process, and one that is counted. */
const MINE = randomHex(4);
let spans = 0;

function nextSpanId(): string {
  spans = (spans + 1) % 2 ** 32;
  return MINE + spans.toString(16).padStart(8, "0");
}

function randomHex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}

function ms([seconds, nanos]: HrTime): number {
  return seconds * 1000 + nanos / 1e6;
}
