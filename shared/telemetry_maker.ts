/** Makes the spans of a process: each goes to whoever keeps them, and what is sampled to whoever exports them. */
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace-base";
import type { SpanMaker } from "./telemetry.ts";
import { WorkSpan } from "./telemetry_span.ts";

/** Keeps spans in this process, those too that are not sampled. */
export interface SpanKeeper {
  began(span: WorkSpan): void;
  ended(span: WorkSpan): void;
}

/** Exports spans that are sampled. */
export interface SpanExport {
  readonly sampler: Sampler;
  /** Takes a span that has ended. */
  add(span: WorkSpan): void;
}

/** Ids of spans: a random number of this process, and one of eight digits that is counted. */
const MINE = randomHex(4);
const FIRST = 0x1000_0000;
const LAST = 0xffff_ffff;
let counted = FIRST;

/** @param keep undefined where none are kept @param out undefined where none are exported */
export function makeSpans(keep: SpanKeeper | undefined, out: SpanExport | undefined): SpanMaker {
  const ended = (span: WorkSpan) => {
    keep?.ended(span);
    if (isSampled(span.spanContext())) out?.add(span);
  };
  return {
    startSpan(name: string, options: SpanOptions = {}, parent: Context = ROOT_CONTEXT): Span {
      const { kind = SpanKind.INTERNAL, attributes = {}, links = [], startTime } = options;
      const above = trace.getSpanContext(parent);
      const traceId = above?.traceId ?? randomHex(16);
      const sampled = above !== undefined && above.isRemote !== true
        ? isSampled(above)
        : out?.sampler.shouldSample(parent, traceId, name, kind, attributes, links).decision ===
          SamplingDecision.RECORD_AND_SAMPLED;
      const ids: SpanContext = {
        traceId,
        spanId: nextSpanId(),
        traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
        ...(above?.traceState && { traceState: above.traceState }),
      };
      // What nobody hears of is no span, but whoever is called is told that the trace is not sampled.
      if (!sampled && keep === undefined) return trace.wrapSpanContext(ids);
      const span = new WorkSpan(name, kind, ids, above?.spanId ?? "", attributes, links, startTime, ended);
      keep?.began(span);
      return span;
    },
  };
}

function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}

function nextSpanId(): string {
  counted = counted === LAST ? FIRST : counted + 1;
  return MINE + counted.toString(16);
}

function randomHex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
