/** Batches the spans of a process for a collector, as the standard OTEL_BSP_* variables say. */
import type { Attributes } from "@opentelemetry/api";
import type { Sampler } from "@opentelemetry/sdk-trace-base";
import type { Logger } from "./logger.ts";
import { OtlpSpans } from "./otlp_spans.ts";
import { outOfTrace } from "./telemetry.ts";
import type { Send } from "./telemetry_collector.ts";
import type { SpanExport } from "./telemetry_maker.ts";
import type { WorkSpan } from "./telemetry_span.ts";

/** What an export takes. */
export interface ExportOptions {
  readonly sampler: Sampler;
  /** What this process is. */
  readonly resource: Attributes;
  /** Reads the environment. */
  readonly read: (name: string) => string | undefined;
  readonly log: Logger;
}

/** Batches of spans on their way out: one at a time, and what waits meanwhile is bounded. */
export class BatchExport implements SpanExport {
  readonly sampler: Sampler;
  readonly #batch: OtlpSpans;
  readonly #send: Send;
  readonly #log: Logger;
  readonly #delayMs: number;
  /** As many spans as one request has, and as many as wait. */
  readonly #size: number;
  readonly #most: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<void> | undefined;
  #dropped = 0;

  constructor({ sampler, resource, read, log }: ExportOptions, send: Send) {
    const setting = (name: string, usual: number) => {
      const given = Number(read(name) || NaN);
      return given > 0 ? given : usual;
    };
    this.sampler = sampler;
    this.#batch = new OtlpSpans(resource, "sixfold");
    this.#send = send;
    this.#log = log;
    this.#delayMs = setting("OTEL_BSP_SCHEDULE_DELAY", 5000);
    this.#most = setting("OTEL_BSP_MAX_QUEUE_SIZE", 2048);
    this.#size = Math.min(this.#most, setting("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512));
  }

  add(span: WorkSpan): void {
    if (this.#batch.count >= this.#most) {
      this.#dropped++;
      return;
    }
    this.#batch.add(span);
    if (this.#batch.count >= this.#size) void this.#flush();
    else this.#wait();
  }

  /** Sends what is left. */
  async end(): Promise<void> {
    await this.#sending;
    await this.#flush();
  }

  #wait(): void {
    if (this.#timer !== undefined || this.#sending !== undefined) return;
    this.#timer = setTimeout(() => void this.#flush(), this.#delayMs);
    // Spans alone keep no process up.
    this.#timer.unref();
  }

  async #flush(): Promise<void> {
    if (this.#sending !== undefined || this.#batch.count === 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const count = this.#batch.count;
    const failed = (error: unknown) =>
      this.#log.warn("traces cannot be exported as they should", { spans: count, error });
    // The request that happened to end the last span of a batch has no part in where this goes.
    this.#sending = outOfTrace(() => this.#send(this.#batch.take()).catch(failed));
    await this.#sending;
    this.#sending = undefined;
    if (this.#dropped > 0) this.#log.warn("spans were dropped: the collector is too slow", { spans: this.#dropped });
    this.#dropped = 0;
    if (this.#batch.count >= this.#size) void this.#flush();
    else if (this.#batch.count > 0) this.#wait();
  }
}
