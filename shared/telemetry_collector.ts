/** The way to a collector of traces, as the standard OTEL_EXPORTER_OTLP_* variables say. */
import { SixfoldError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { readPairs } from "./otel_pairs.ts";
import { retry, RetryBudget } from "./retry.ts";

/** Sends a request to the collector. @throws what kept it from it */
export type Send = (request: Uint8Array<ArrayBuffer>) => Promise<void>;

/** What a plain request has no answer for. */
const SPECIAL = ["COMPRESSION", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"];
/** Answers that may be others the next time, as the specification of OTLP lists them. */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const TYPE = { "content-type": "application/x-protobuf" };
const TIMEOUT_MS = 10_000;

/** @param read reads the environment */
export function toCollector(read: (name: string) => string | undefined, log: Logger): Send {
  const ofTraces = (name: string) => read(`OTEL_EXPORTER_OTLP_TRACES_${name}`);
  const ofAll = (name: string) => read(`OTEL_EXPORTER_OTLP_${name}`);
  if (SPECIAL.some((name) => ofTraces(name) || ofAll(name))) return byTheSdk(log);
  const url = ofTraces("ENDPOINT") || `${ofAll("ENDPOINT")?.replace(/\/$/, "")}/v1/traces`;
  const pairs = (list: string | undefined) => {
    try {
      return readPairs(list ?? "");
    } catch (error) {
      log.warn("headers for the collector are left out", { error });
      return {};
    }
  };
  const headers = { ...pairs(ofAll("HEADERS")), ...pairs(ofTraces("HEADERS")), ...TYPE };
  const limit = Number(ofTraces("TIMEOUT") || ofAll("TIMEOUT"));
  return plain(url, headers, limit > 0 ? limit : TIMEOUT_MS);
}

/** The runtime's own request costs a third of what the SDK's costs, which is felt where few spans are in each. */
function plain(url: string, headers: Record<string, string>, limitMs: number): Send {
  const budget = new RetryBudget();
  return async (body) => {
    const signal = AbortSignal.timeout(limitMs);
    const post = async () => {
      const response = await fetch(url, { method: "POST", headers, body, signal }).catch((cause) => {
        throw new SixfoldError("unavailable", "the collector does not answer", { cause });
      });
      await response.body?.cancel();
      if (response.ok) return;
      const code = PASSING.has(response.status) ? "unavailable" : "internal";
      throw new SixfoldError(code, `the collector answered ${response.status}`);
    };
    await retry(post, signal, { budget });
  };
}

/** The SDK's own way. To load it takes as long as all else of tracing, and few need it. */
function byTheSdk(log: Logger): Send {
  const opening = openSdk(log);
  opening.catch((error) => log.warn("traces cannot be exported", { error }));
  return async (request) => await (await opening)(request);
}

async function openSdk(log: Logger): Promise<Send> {
  const { diag, DiagLogLevel } = await import("@opentelemetry/api");
  const { convertLegacyHttpOptions, createOtlpHttpExportDelegate } = await import(
    "@opentelemetry/otlp-exporter-base/node-http"
  );
  const tell = (problem: string) => log.warn("tracing", { problem });
  diag.setLogger({ error: tell, warn: tell, info() {}, debug() {}, verbose() {} }, {
    logLevel: DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  });
  const exporter = createOtlpHttpExportDelegate<Uint8Array, void>(
    convertLegacyHttpOptions({}, "TRACES", "v1/traces", TYPE),
    { serializeRequest: (request) => request, deserializeResponse() {} },
    "otlp_http_span_exporter",
    { name: "span", countItems: () => 1 },
    undefined,
  );
  return (request) =>
    new Promise((resolve, reject) => {
      exporter.export(request, ({ error }) => error === undefined ? resolve() : reject(error));
    });
}
