/** The last requests of a process with all their spans, for whoever asks where the time went. Bounded in number and memory. */
import { type HrTime, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan, Span, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Attributes } from "./telemetry.ts";

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

  onStart(span: Span): void {
    const { traceId, spanId } = span.spanContext();
    if (span.kind === SpanKind.SERVER) {
      this.#open.set(spanId, { traceId, root: undefined, spans: [], left: 0 });
    } else {
      const request = this.#open.get(span.parentSpanContext?.spanId ?? "");
      if (request !== undefined) this.#open.set(spanId, request);
    }
  }

  onEnd(span: ReadableSpan): void {
    const { spanId } = span.spanContext();
    const request = this.#open.get(spanId);
    this.#open.delete(spanId);
    if (request === undefined) return;
    const kept = keep(span);
    if (span.kind === SpanKind.SERVER) {
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

function ms([seconds, nanos]: HrTime): number {
  return seconds * 1000 + nanos / 1e6;
}
