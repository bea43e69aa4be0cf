/** Makes the spans of a process: each goes to whoever keeps them, and what is sampled to whoever exports them. */
import type { Sampler } from "./sampler.ts";
import { type SpanStart, WorkSpan } from "./telemetry_span.ts";
import type { TracePlace } from "./trace_context.ts";

/** Keeps spans in this process, those too that are not sampled. */
export interface SpanKeeper {
  began(span: WorkSpan): void;
  ended(span: WorkSpan): void;
}

/** Exports spans that are sampled. */
export interface SpanExport {
  readonly samples: Sampler;
  /** Takes a span that has ended. */
  add(span: WorkSpan): void;
}

/** Ids of spans: a random number of this process, and one that is counted. */
const MINE = randomHex(4);
let spans = 0;

/** What makes spans. */
export class SpanMaker {
  readonly #keep: SpanKeeper | undefined;
  readonly #out: SpanExport | undefined;

  /** @param keep undefined where none are kept @param out undefined where none are exported */
  constructor(keep: SpanKeeper | undefined, out: SpanExport | undefined) {
    this.#keep = keep;
    this.#out = out;
  }

  /** Begins a trace, or this process's part of the caller's. */
  first(start: SpanStart, caller: TracePlace | undefined): WorkSpan {
    const traceId = caller?.traceId ?? randomHex(16);
    const sampled = this.#out?.samples(traceId, caller) ?? false;
    return this.#begin(start, caller?.spanId ?? "", { traceId, sampled, state: caller?.state });
  }

  /** Begins a part of a span. */
  part(start: SpanStart, whole: WorkSpan): WorkSpan {
    return this.#begin(start, whole.spanId, whole);
  }

  #begin(start: SpanStart, parentId: string, trace: Omit<TracePlace, "spanId">): WorkSpan {
    const span = new WorkSpan(start, nextSpanId(), parentId, trace, this.#ended);
    this.#keep?.began(span);
    return span;
  }

  readonly #ended = (span: WorkSpan) => {
    this.#keep?.ended(span);
    if (span.sampled) this.#out?.add(span);
  };
}

function nextSpanId(): string {
  spans = (spans + 1) % 2 ** 32;
  return MINE + spans.toString(16).padStart(8, "0");
}

function randomHex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
