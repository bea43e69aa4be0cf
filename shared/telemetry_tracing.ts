/** Sets tracing up for a process: OTLP over HTTP as the standard OTEL_* variables say, and what is kept here. */
import { context, diag, DiagLogLevel } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import type { Logger } from "./logger.ts";
import { enableTracing, type SpanMaker } from "./telemetry.ts";
import { VERSION } from "./version.ts";
import { within } from "./within.ts";

/** Who traces. */
export interface TracingOptions {
  readonly service: string;
  readonly instance: string;
  /** Reads the environment. */
  readonly read: (name: string) => string | undefined;
  /** Keeps spans in this process, those too that are not sampled. */
  readonly keep?: SpanProcessor & SpanMaker;
  readonly log: Logger;
}

/** How long the last spans may take to leave at the end, in ms. */
const FLUSH_MS = 3000;

/** Starts tracing where anybody wants it. @returns ends it: what was not exported yet has a moment */
export function startTracing({ service, instance, read, keep, log }: TracingOptions): () => Promise<void> {
  const stop = () => {
    enableTracing(undefined);
    context.disable();
  };
  if (!isExported(read)) {
    if (keep === undefined) return () => Promise.resolve();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    enableTracing(keep);
    return () => Promise.resolve(stop());
  }
  diag.setLogger({
    error: (message) => log.warn("traces cannot be exported as they should", { problem: message }),
    warn: (message) => log.warn("tracing", { problem: message }),
    info() {},
    debug() {},
    verbose() {},
  }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const named = resourceFromAttributes({
    "service.name": service,
    "service.instance.id": instance,
    "service.version": VERSION,
  });
  const sampler = samplerOf(read);
  const provider = new BasicTracerProvider({
    resource: named.merge(detectResources({ detectors: [envDetector] })),
    sampler: keep === undefined ? sampler : alwaysRecording(sampler),
    spanProcessors: [
      ...(keep === undefined ? [] : [keep]),
      new BatchSpanProcessor(new OTLPTraceExporter()),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  enableTracing(provider.getTracer("sixfold"));
  return async () => {
    await within(FLUSH_MS, provider.shutdown(), "the last traces cannot be exported in time").catch((error) => {
      log.warn("the last traces were not exported", { error });
    });
    stop();
  };
}

function isExported(read: TracingOptions["read"]): boolean {
  const endpoint = read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || read("OTEL_EXPORTER_OTLP_ENDPOINT");
  return !!endpoint && read("OTEL_SDK_DISABLED") !== "true" && read("OTEL_TRACES_EXPORTER") !== "none";
}

/** As the specification of OpenTelemetry names samplers. The caller's decision counts, where there is one. */
function samplerOf(read: TracingOptions["read"]): Sampler {
  const name = read("OTEL_TRACES_SAMPLER") || "parentbased_always_on";
  const given = Number(read("OTEL_TRACES_SAMPLER_ARG") || "1");
  const ratio = given >= 0 && given <= 1 ? given : 1;
  const root = name.endsWith("always_off")
    ? new AlwaysOffSampler()
    : name.endsWith("traceidratio")
    ? new TraceIdRatioBasedSampler(ratio)
    : new AlwaysOnSampler();
  return name.startsWith("parentbased_") ? new ParentBasedSampler({ root }) : root;
}

/** What is not sampled is recorded all the same: it is kept here, and neither exported nor asked of others. */
function alwaysRecording(sampler: Sampler): Sampler {
  return {
    shouldSample(...question) {
      const answer = sampler.shouldSample(...question);
      return answer.decision === SamplingDecision.NOT_RECORD
        ? { ...answer, decision: SamplingDecision.RECORD }
        : answer;
    },
    toString: () => `recording ${sampler}`,
  };
}
