/** A place in a trace, and how it goes over the wire: the headers `traceparent` and `tracestate` of W3C's Trace Context. */

/** A place in a trace. */
export interface TracePlace {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether what is done there is exported. */
  readonly sampled: boolean;
  /** What others along the way have said of it, to be handed on as it is. */
  readonly state?: string | undefined;
}

/** Version, trace, span and flags; later versions may have more behind them. No version is ff, and no id has only zeros. */
const PARENT = /^\s?(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?\s?$/;
/** As long as everybody has to hand it on. */
const STATE = /^[\x20-\x7e]{1,512}$/;
const SAMPLED = 1;

/** What a caller's headers say; undefined where it is no trace. @param read reads a header */
export function readTracePlace(read: (name: string) => string | null | undefined): TracePlace | undefined {
  const [, version, traceId, spanId, flags = "", more] = PARENT.exec(read("traceparent") ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || (version === "00" && more !== undefined)) return undefined;
  const state = read("tracestate") ?? "";
  const sampled = (parseInt(flags, 16) & SAMPLED) !== 0;
  return { traceId, spanId, sampled, state: STATE.test(state) ? state : undefined };
}

/** The headers for whom is called. */
export function traceHeadersOf({ traceId, spanId, sampled, state }: TracePlace): Record<string, string> {
  const traceparent = `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
  return state === undefined ? { traceparent } : { traceparent, tracestate: state };
}
