/** Sets tracing up for a process: OTLP over HTTP as the standard OTEL_* variables say, and what is kept here. */
import { context, diag, DiagLogLevel } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import type { Logger } from "./logger.ts";
import { enableTracing } from "./telemetry.ts";
import { toCollector } from "./telemetry_collector.ts";
import { BatchExport } from "./telemetry_export.ts";
import { makeSpans, type SpanKeeper } from "./telemetry_maker.ts";
import { VERSION } from "./version.ts";
import { within } from "./within.ts";

/** Who traces. */
export interface TracingOptions {
  readonly service: string;
  readonly instance: string;
  /** Reads the environment. */
  readonly read: (name: string) => string | undefined;
  /** Keeps spans in this process, those too that are not sampled. */
  readonly keep?: SpanKeeper;
  readonly log: Logger;
}

/** How long the last spans may take to leave at the end, in ms. */
const FLUSH_MS = 3000;

/** Starts tracing where anybody wants it. @returns ends it: what was not exported yet has a moment */
export function startTracing({ service, instance, read, keep, log }: TracingOptions): () => Promise<void> {
  if (!isExported(read) && keep === undefined) return () => Promise.resolve();
  const out = isExported(read) ? openExport({ service, instance, read, log }) : undefined;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  enableTracing(makeSpans(keep, out));
  return async () => {
    await within(FLUSH_MS, out?.end() ?? Promise.resolve(), "the last traces cannot be exported in time").catch(
      (error) => {
        log.warn("the last traces were not exported", { error });
      },
    );
    enableTracing(undefined);
    context.disable();
  };
}

function openExport({ service, instance, read, log }: Omit<TracingOptions, "keep">): BatchExport {
  const tell = (problem: string) => log.warn("tracing", { problem });
  diag.setLogger({ error: tell, warn: tell, info() {}, debug() {}, verbose() {} }, {
    logLevel: DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  });
  const named = resourceFromAttributes({
    "service.name": service,
    "service.instance.id": instance,
    "service.version": VERSION,
  });
  const resource = named.merge(detectResources({ detectors: [envDetector] })).attributes;
  return new BatchExport({ sampler: samplerOf(read), resource, read, log }, toCollector(read));
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
