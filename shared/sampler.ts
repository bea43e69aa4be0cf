/** Which traces are exported. */
import type { TracePlace } from "./trace_context.ts";

/** Decides for a trace that begins in this process. @param caller who has begun it, where that is not this process */
export type Sampler = (traceId: string, caller: Pick<TracePlace, "sampled"> | undefined) => boolean;

/** So many digits of an id are random, and are a number without loss. All that sample the same share choose the same. */
const DIGITS = 13;

/**
 * As OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG say. The caller's decision counts, where there is one and the name
 * does not say otherwise.
 * @param read reads the environment
 */
export function samplerOf(read: (name: string) => string | undefined): Sampler {
  const name = read("OTEL_TRACES_SAMPLER") || "parentbased_always_on";
  const given = Number(read("OTEL_TRACES_SAMPLER_ARG") || "1");
  const ratio = given >= 0 && given <= 1 ? given : 1;
  const share = name.endsWith("always_off") ? 0 : name.endsWith("traceidratio") ? ratio : 1;
  const least = (1 - share) * 16 ** DIGITS;
  const bySelf = (traceId: string) => parseInt(traceId.slice(-DIGITS), 16) >= least;
  return name.startsWith("parentbased_") ? (traceId, caller) => caller?.sampled ?? bySelf(traceId) : bySelf;
}
