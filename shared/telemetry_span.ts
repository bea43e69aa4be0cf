/** A piece of work that is followed, as it is kept and exported. */
import { AsyncLocalStorage } from "node:async_hooks";
import { SixfoldError } from "./errors.ts";
import type { TracePlace } from "./trace_context.ts";

/** What is said of a piece of work, or of what happened in it. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Whether somebody else is asked, somebody is answered, or neither. */
export type SpanKind = "client" | "server" | "internal";

/** Something that happened in a span. */
export interface SpanEvent {
  readonly name: string;
  /** In ms since 1970, as all times here. */
  readonly at: number;
  readonly attributes: Attributes;
}

/** How a span begins. */
export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly at: number;
  /** Places in other traces that it comes from. */
  readonly links: readonly TracePlace[];
}

const NO_EVENTS: readonly SpanEvent[] = [];
/** As many as the SDK of OpenTelemetry keeps of one span. */
const MOST_EVENTS = 128;
/** To ask for it takes longer than to add it. */
const ORIGIN = performance.timeOrigin;
const current = new AsyncLocalStorage<WorkSpan | undefined>();

/** A third of the cost of the SDK's own, which is felt with small files. */
export class WorkSpan implements TracePlace {
  readonly name: string;
  readonly kind: SpanKind;
  readonly start: number;
  readonly links: readonly TracePlace[];
  readonly traceId: string;
  readonly sampled: boolean;
  readonly state: string | undefined;
  attributes: Attributes;
  events = NO_EVENTS;
  /** What it failed with; empty where it did not. */
  error = "";
  /** Not a number until it ends. */
  durationMs = NaN;
  readonly #ended: (span: WorkSpan) => void;

  /** @param parentId empty for the root of a trace */
  constructor(
    { name, kind, attributes, at, links }: SpanStart,
    readonly spanId: string,
    readonly parentId: string,
    { traceId, sampled, state }: Omit<TracePlace, "spanId">,
    ended: (span: WorkSpan) => void,
  ) {
    this.name = name;
    this.kind = kind;
    this.start = at;
    this.links = links;
    this.traceId = traceId;
    this.sampled = sampled;
    this.state = state;
    this.attributes = attributes;
    this.#ended = ended;
  }

  /** The span that this code runs in. */
  static get current(): WorkSpan | undefined {
    return current.getStore();
  }

  /** Does work inside of it. */
  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  /** Says more of it, unless it is over. */
  annotate(attributes: Attributes): void {
    if (this.#isOpen) this.attributes = { ...this.attributes, ...attributes };
  }

  /** Takes note of something that happened in it, unless it is over. */
  event(name: string, attributes: Attributes): void {
    if (!this.#isOpen || this.events.length >= MOST_EVENTS) return;
    this.events = [...this.events, { name, at: spanTime(), attributes }];
  }

  /** Ends it; only the first end counts. @param error what it ended with, where it did not go well */
  end(error?: unknown, at: number = spanTime()): void {
    if (!this.#isOpen) return;
    if (error !== undefined) this.#tell(error);
    this.durationMs = Math.max(0, at - this.start);
    this.#ended(this);
  }

  get #isOpen(): boolean {
    return Number.isNaN(this.durationMs);
  }

  /** What errors say of themselves is fit for callers, and so for traces. */
  #tell(thrown: unknown): void {
    const { code, detail, message } = SixfoldError.from(thrown);
    this.annotate({ "error.type": detail ?? code });
    // Who leaves, or is left, has not failed.
    if (code !== "canceled") this.error = message;
  }
}

/** Does work that is in no span. */
export function outsideSpans<T>(work: () => T): T {
  return current.run(undefined, work);
}

/** The time of spans: milliseconds since 1970 that never go back. */
export function spanTime(): number {
  return ORIGIN + performance.now();
}
