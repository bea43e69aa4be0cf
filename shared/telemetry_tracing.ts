/** Sets tracing up for a process: what is kept here, and an export where the standard OTEL_* variables ask for one. */
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import type { Logger } from "./logger.ts";
import { enableTracing } from "./telemetry.ts";
import { makeSpans, type SpanKeeper } from "./telemetry_maker.ts";
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
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  const { read, keep, log } = options;
  if (!isExported(read) && keep === undefined) return () => Promise.resolve();
  // Few need it, and to load it takes a fourteenth of a start.
  const out = isExported(read) ? (await import("./telemetry_otlp.ts")).openExport(options) : undefined;
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

function isExported(read: TracingOptions["read"]): boolean {
  const endpoint = read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || read("OTEL_EXPORTER_OTLP_ENDPOINT");
  return !!endpoint && read("OTEL_SDK_DISABLED") !== "true" && read("OTEL_TRACES_EXPORTER") !== "none";
}
