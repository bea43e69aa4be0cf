/** A span that is kept in this process and goes nowhere else. */
import { type Attributes, type Span, type SpanContext, type SpanOptions, SpanStatusCode } from "@opentelemetry/api";
import type { KeptEvent, KeptSpan } from "./telemetry_kept.ts";

const NO_EVENTS: KeptEvent[] = [];

/** What this project's own seam asks of a span, and no more. */
export class KeptOnlySpan implements Span {
  #events = NO_EVENTS;
  #error = "";
  #isOpen = true;
  readonly #name: string;
  readonly #ids: SpanContext;
  readonly #parentId: string;
  readonly #attributes: Attributes;
  readonly #start: number;
  readonly #done: (span: KeptSpan) => void;

  constructor(
    name: string,
    ids: SpanContext,
    parentId: string,
    attributes: Attributes,
    start: SpanOptions["startTime"],
    done: (span: KeptSpan) => void,
  ) {
    this.#name = name;
    this.#ids = ids;
    this.#parentId = parentId;
    this.#attributes = { ...attributes };
    this.#start = typeof start === "number" ? start : now();
    this.#done = done;
  }

  spanContext(): SpanContext {
    return this.#ids;
  }

  isRecording(): boolean {
    return this.#isOpen;
  }

  setAttribute(key: string, value: NonNullable<Attributes[string]>): this {
    this.#attributes[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    Object.assign(this.#attributes, attributes);
    return this;
  }

  addEvent(name: string, attributes?: unknown): this {
    const known: Attributes = { ...Object(attributes) };
    if (this.#events === NO_EVENTS) this.#events = [];
    if (this.#events.length < MOST_EVENTS) this.#events.push({ name, at: now(), attributes: known });
    return this;
  }

  setStatus({ code, message = "it failed" }: Parameters<Span["setStatus"]>[0]): this {
    this.#error = code === SpanStatusCode.ERROR ? message : "";
    return this;
  }

  end(time?: unknown): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#done({
      spanId: this.#ids.spanId,
      parentId: this.#parentId,
      name: this.#name,
      start: this.#start,
      durationMs: Math.max(0, (typeof time === "number" ? time : now()) - this.#start),
      attributes: this.#attributes,
      events: this.#events,
      error: this.#error,
    });
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  recordException(): void {}
}

/** As many as the SDK keeps of one span. */
const MOST_EVENTS = 128;
/** To ask for it takes longer than to add it. */
const ORIGIN = performance.timeOrigin;

function now(): number {
  return ORIGIN + performance.now();
}
