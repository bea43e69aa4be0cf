/** The way to a collector of traces, as the standard OTEL_EXPORTER_OTLP_* variables say. */
import { ExportResultCode } from "@opentelemetry/core";
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from "@opentelemetry/otlp-exporter-base/node-http";
import { SixfoldError } from "./errors.ts";
import { retry, RetryBudget } from "./retry.ts";

/** Sends a request to the collector. @throws what kept it from it */
export type Send = (request: Uint8Array<ArrayBuffer>) => Promise<void>;

/** What a plain request has no answer for. */
const SPECIAL = ["COMPRESSION", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"];
/** Answers that may be others the next time, as the specification of OTLP lists them. */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** @param read reads the environment */
export function toCollector(read: (name: string) => string | undefined): Send {
  const type = { "Content-Type": "application/x-protobuf" };
  const options = convertLegacyHttpOptions({}, "TRACES", "v1/traces", type);
  const isSpecial = SPECIAL.some((name) =>
    read(`OTEL_EXPORTER_OTLP_${name}`) || read(`OTEL_EXPORTER_OTLP_TRACES_${name}`)
  );
  return isSpecial ? byTheSdk(options) : plain(options);
}

type Options = ReturnType<typeof convertLegacyHttpOptions>;

/** The runtime's own request costs a third of what the SDK's costs, which is felt where few spans are in each. */
function plain({ url, headers, timeoutMillis }: Options): Send {
  const budget = new RetryBudget();
  return async (body) => {
    const signal = AbortSignal.timeout(timeoutMillis);
    const post = async () => {
      const request = { method: "POST", headers: await headers(), body, signal };
      const response = await fetch(url, request).catch((cause) => {
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

/** The SDK's own way. */
function byTheSdk(options: Options): Send {
  const exporter = createOtlpHttpExportDelegate<Uint8Array, void>(
    options,
    { serializeRequest: (request) => request, deserializeResponse() {} },
    "otlp_http_span_exporter",
    { name: "span", countItems: () => 1 },
    undefined,
  );
  return (request) =>
    new Promise((resolve, reject) => {
      exporter.export(request, ({ code, error }) => {
        if (code === ExportResultCode.SUCCESS) resolve();
        else reject(error ?? new Error("the collector refused"));
      });
    });
}
