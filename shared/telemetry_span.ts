/** A piece of work as it is kept and exported: it does what this project's own seam asks of a span, and no more. */
import {
  type Attributes,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  SpanStatusCode,
} from "@opentelemetry/api";

/** Something that happened in a span. */
export interface SpanEvent {
  readonly name: string;
  /** In ms since 1970, as all times here. */
  readonly at: number;
  readonly attributes: Attributes;
}

const NO_EVENTS: SpanEvent[] = [];
/** As many as the SDK of OpenTelemetry keeps of one span. */
const MOST_EVENTS = 128;
/** To ask for it takes longer than to add it. */
const ORIGIN = performance.timeOrigin;

/** A third of the cost of the SDK's own, which is felt with small files. */
export class WorkSpan implements Span {
  /** What it failed with; empty where it did not. */
  error = "";
  /** Not a number until it ends. */
  durationMs = NaN;
  events: readonly SpanEvent[] = NO_EVENTS;
  readonly start: number;
  attributes: Attributes;
  readonly #ids: SpanContext;
  readonly #ended: (span: WorkSpan) => void;

  /** @param parentId empty for the root of a trace */
  constructor(
    readonly name: string,
    readonly kind: SpanKind,
    ids: SpanContext,
    readonly parentId: string,
    attributes: Attributes,
    readonly links: readonly Link[],
    start: unknown,
    ended: (span: WorkSpan) => void,
  ) {
    this.#ids = ids;
    this.attributes = attributes;
    this.start = typeof start === "number" ? start : now();
    this.#ended = ended;
  }

  get spanId(): string {
    return this.#ids.spanId;
  }

  spanContext(): SpanContext {
    return this.#ids;
  }

  isRecording(): boolean {
    return Number.isNaN(this.durationMs);
  }

  setAttribute(key: string, value: NonNullable<Attributes[string]>): this {
    return this.setAttributes({ [key]: value });
  }

  setAttributes(attributes: Attributes): this {
    this.attributes = { ...this.attributes, ...attributes };
    return this;
  }

  addEvent(name: string, attributes?: unknown): this {
    const event = { name, at: now(), attributes: { ...Object(attributes) } };
    if (this.events.length < MOST_EVENTS) this.events = [...this.events, event];
    return this;
  }

  setStatus({ code, message = "it failed" }: Parameters<Span["setStatus"]>[0]): this {
    this.error = code === SpanStatusCode.ERROR ? message : "";
    return this;
  }

  end(time?: unknown): void {
    if (!this.isRecording()) return;
    this.durationMs = Math.max(0, (typeof time === "number" ? time : now()) - this.start);
    this.#ended(this);
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

function now(): number {
  return ORIGIN + performance.now();
}
