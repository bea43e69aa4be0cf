/** What a request did, as the gateway that has answered it remembers. */
import { SixfoldError } from "../shared/errors.ts";
import { callRpc, type GatewayOptions, Gateways } from "./gateways.ts";
import { rowsOf } from "./rpc_json.ts";

/** A piece of work of a request. Times are ms since the request began. */
export interface TraceSpan {
  readonly spanId: string;
  /** Empty for the request itself. */
  readonly parentId: string;
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly TraceEvent[];
  /** Empty where it went well. */
  readonly error: string;
}

/** Something that happened during a piece of work: a retry, a hedge, a substitute. */
export interface TraceEvent {
  readonly name: string;
  readonly atMs: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * The requests of a trace with their pieces of work, by when they began. Every gateway is asked: only one knows.
 * @param traceId what an answer's `x-trace-id` says
 * @throws SixfoldError `not_found` where none knows it any more
 */
export async function trace(
  { addresses }: Gateways,
  options: GatewayOptions,
  traceId: string,
  call: { readonly signal?: AbortSignal } = {},
): Promise<TraceSpan[][]> {
  let missing: unknown;
  for (const address of addresses) {
    const alone = new Gateways({ ...options, gateways: address });
    try {
      const { traces } = await callRpc(alone, "ClusterService/GetTrace", { traceId }, call);
      return rowsOf(traces).map((found) => rowsOf(found["spans"]).map(spanOf));
    } catch (error) {
      if (!(error instanceof SixfoldError) || error.code !== "not_found") throw error;
      missing = error;
    }
  }
  throw missing;
}

function spanOf(row: Record<string, unknown>): TraceSpan {
  return {
    spanId: String(row["spanId"]),
    parentId: String(row["parentId"] ?? ""),
    name: String(row["name"]),
    startMs: Number(row["startMs"] ?? 0),
    durationMs: Number(row["durationMs"] ?? 0),
    attributes: { ...Object(row["attributes"]) },
    events: rowsOf(row["events"]).map((event) => ({
      name: String(event["name"]),
      atMs: Number(event["atMs"] ?? 0),
      attributes: { ...Object(event["attributes"]) },
    })),
    error: String(row["error"] ?? ""),
  };
}
