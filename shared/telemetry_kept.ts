/** The last requests of a process with all their spans, for whoever asks where the time went. Bounded in number and memory. */
import { SpanKind } from "@opentelemetry/api";
import type { SpanKeeper } from "./telemetry_maker.ts";
import type { WorkSpan } from "./telemetry_span.ts";

/** A request that was answered. */
export interface KeptRequest {
  readonly traceId: string;
  /** The request itself; undefined while it is being answered. */
  root: WorkSpan | undefined;
  /** The pieces of work that are over, in the order of their ends. */
  readonly spans: WorkSpan[];
  /** Spans that were more than are kept of one request. */
  left: number;
}

/** Spans that are kept of one request, and of all together: each takes about half a KiB. */
const MOST_OF_ONE = 400;
const MOST_OF_ALL = 12_000;

/** Keeps the last requests. */
export class KeptTraces implements SpanKeeper {
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

  began(span: WorkSpan): void {
    const request = span.kind === SpanKind.SERVER
      ? { traceId: span.spanContext().traceId, root: undefined, spans: [], left: 0 }
      : this.#open.get(span.parentId);
    if (request !== undefined) this.#open.set(span.spanId, request);
  }

  ended(span: WorkSpan): void {
    const request = this.#open.get(span.spanId);
    this.#open.delete(span.spanId);
    if (request === undefined) return;
    if (span.kind === SpanKind.SERVER) {
      request.root = span;
      this.#ended.push(request);
      if (this.#ended.length > this.#most) this.#forgetOldest();
      return;
    }
    while (this.#spans >= MOST_OF_ALL && this.#ended.length > 0) this.#forgetOldest();
    if (request.spans.length >= MOST_OF_ONE || this.#spans >= MOST_OF_ALL) request.left++;
    else {
      request.spans.push(span);
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

  #forgetOldest(): void {
    this.#spans -= this.#ended.shift()?.spans.length ?? 0;
  }
}
