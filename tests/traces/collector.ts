/** The OpenTelemetry Collector itself, built from collector/main.go: what it has taken is read from the file that it writes. */
import { goProgram } from "../../scripts/tools.ts";
import { answers, freePort, ROOT, until } from "../../scripts/programs.ts";
import type { ReceivedSpan } from "./otlp_receiver.ts";
import type { SpanSource } from "./trace_tree.ts";

/** Its path; undefined where it cannot be built. */
export const collector = await goProgram("sixfold-collector", `${ROOT}tests/traces/collector`);

const READY_MS = 60_000;

/** A collector that runs. */
export interface RunningCollector extends SpanSource, AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
}

/** Starts one. @param folder for its settings and what it writes */
export async function startCollector(folder: string): Promise<RunningCollector> {
  const port = await freePort();
  const written = `${folder}/spans.json`;
  const settings = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { file: { path: written, flush_interval: "100ms" } },
    service: {
      telemetry: { metrics: { level: "none" }, logs: { level: "warn" } },
      pipelines: { traces: { receivers: ["otlp"], exporters: ["file"] } },
    },
  };
  await Deno.writeTextFile(`${folder}/collector.yaml`, JSON.stringify(settings));
  const process = new Deno.Command(collector ?? "", { args: ["--config", `${folder}/collector.yaml`] }).spawn();
  const endpoint = `http://127.0.0.1:${port}`;
  // It answers what is no trace with an error: it is there.
  await until("the collector does not listen", READY_MS, () => answers(`${endpoint}/`).then(() => true));
  return {
    endpoint,
    get spans() {
      const lines = Deno.readTextFileSync(written).split("\n");
      // The last line may be half written.
      return lines.slice(0, -1).filter((line) => line !== "").flatMap((line) => spansOf(JSON.parse(line)));
    },
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

/** OTLP in JSON, as far as the collector writes it for what is sent here. */
interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}
interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly Attribute[];
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly Attribute[] }[];
  readonly links?: readonly { readonly traceId: string }[];
}

function spansOf({ resourceSpans }: Exported): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const { "service.name": service, "service.instance.id": instance } = attributesOf(resource.attributes);
    return scopeSpans.flatMap(({ spans }) => spans).map((span): ReceivedSpan => ({
      service: String(service),
      instance: String(instance),
      traceId: span.traceId,
      spanId: span.spanId,
      parentId: span.parentSpanId ?? "",
      name: span.name,
      kind: span.kind,
      start: Number(span.startTimeUnixNano) / 1e6,
      end: Number(span.endTimeUnixNano) / 1e6,
      attributes: attributesOf(span.attributes),
      events: (span.events ?? []).map(({ name, attributes }) => ({ name, attributes: attributesOf(attributes) })),
      links: (span.links ?? []).map(({ traceId }) => traceId),
    }));
  });
}

/** Whole numbers come as text. */
function attributesOf(attributes: readonly Attribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => {
    const { intValue, ...other } = value;
    return [key, intValue === undefined ? Object.values(other)[0] : Number(intValue)];
  }));
}
