/** An export of traces: OTLP over HTTP, as the standard OTEL_* variables say. */
import { diag, DiagLogLevel } from "@opentelemetry/api";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { toCollector } from "./telemetry_collector.ts";
import { BatchExport } from "./telemetry_export.ts";
import type { TracingOptions } from "./telemetry_tracing.ts";
import { VERSION } from "./version.ts";

/** Opens the way to the collector, and says what this process is. */
export function openExport({ service, instance, read, log }: TracingOptions): BatchExport {
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
