/** Sets tracing up for a process: OTLP over HTTP as the standard OTEL_* variables say, and what is kept here. */
import type { Logger } from "./logger.ts";
import { resourceOf } from "./resource.ts";
import { samplerOf } from "./sampler.ts";
import { enableTracing } from "./telemetry.ts";
import { toCollector } from "./telemetry_collector.ts";
import { BatchExport } from "./telemetry_export.ts";
import { type SpanKeeper, SpanMaker } from "./telemetry_maker.ts";
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
  const openExport = () => {
    const resource = resourceOf(service, instance, read, log);
    return new BatchExport({ samples: samplerOf(read), resource, read, log }, toCollector(read, log));
  };
  const out = isExported(read) ? openExport() : undefined;
  enableTracing(new SpanMaker(keep, out));
  return async () => {
    await within(FLUSH_MS, out?.end() ?? Promise.resolve(), "the last traces cannot be exported in time").catch(
      (error) => {
        log.warn("the last traces were not exported", { error });
      },
    );
    enableTracing(undefined);
  };
}

function isExported(read: TracingOptions["read"]): boolean {
  const endpoint = read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || read("OTEL_EXPORTER_OTLP_ENDPOINT");
  return !!endpoint && read("OTEL_SDK_DISABLED") !== "true" && read("OTEL_TRACES_EXPORTER") !== "none";
}
