/** What goes on at a gateway, as it goes. */
import { isErrorCode, SixfoldError } from "../shared/errors.ts";
import { sleep } from "../shared/sleep.ts";
import { type ServerInfo, serverOfJson } from "./cluster.ts";
import { unwrap, wrap } from "./envelopes.ts";
import { connectionFailure } from "./failure.ts";
import { type CallOptions, canceled, type Gateways } from "./gateways.ts";
import { piecesOf } from "./read_file.ts";
import { numberOf, rowsOf, textOf } from "./rpc_json.ts";

/** What one gateway has done since the beat before; the first beat of each gateway has no figures yet. */
export interface Beat {
  /** All servers. Those that have not left were asked for a sign of life a moment ago. */
  readonly servers: readonly ServerInfo[];
  /** Since the beat before; 0 for the first one. */
  readonly seconds: number;
  /** Bytes of files that came, whatever became of them. */
  readonly bytesStored: number;
  /** Bytes of files that were read. */
  readonly bytesRead: number;
  /** Requests for files that were answered. */
  readonly requests: number;
  /** Those of them that failed and were not the caller's fault. */
  readonly failed: number;
  /** What half of them took at most; 0 where there were none. */
  readonly medianMs: number;
  /** What 95 of 100 took at most; 0 where there were none. */
  readonly slowMs: number;
}

const PATIENCE_MS = 60_000;
const PAUSE_MS = 1000;

/**
 * A beat each second, until the caller looks no more. A gateway lets nobody look for longer than a minute: it is asked
 * again. When it fails, the next one tells what it does itself.
 * @throws SixfoldError `canceled` when the signal aborts; `unavailable` when no gateway has told anything for a minute
 */
export async function* watch(
  gateways: Gateways,
  { signal = new AbortController().signal }: CallOptions = {},
): AsyncGenerator<Beat> {
  for (let goodUntil = Date.now();;) {
    try {
      for await (const beat of beatsOf(gateways, signal)) {
        goodUntil = Date.now();
        yield beat;
      }
    } catch (thrown) {
      if (signal.aborted) throw canceled(signal);
      const error = connectionFailure(thrown, "the gateway");
      if (!error.retryable || Date.now() - goodUntil > PATIENCE_MS) throw error;
      await sleep(PAUSE_MS * Math.random(), signal);
    }
  }
}

/** The beats of one call. */
async function* beatsOf(gateways: Gateways, signal: AbortSignal): AsyncGenerator<Beat> {
  const headers = { "content-type": "application/connect+json", "connect-protocol-version": "1" };
  const call = { path: "/sixfold.v1.ClusterService/Watch", method: "POST", headers, body: wrap({}), signal };
  const body = await gateways.send(call, (response) => Promise.resolve(response.body));
  let heard = false;
  for await (const { isEnd, value } of unwrap(piecesOf(body, signal))) {
    if (!isEnd) {
      yield beatOf(value);
      heard = true;
      continue;
    }
    const error: Record<string, unknown> = { ...Object(value["error"]) };
    if (isErrorCode(error["code"])) throw new SixfoldError(error["code"], textOf(error["message"]));
    if (heard) return;
  }
  throw new SixfoldError("unavailable", "the connection ended before the gateway had told what goes on");
}

function beatOf(row: Readonly<Record<string, unknown>>): Beat {
  return {
    servers: rowsOf(row["servers"]).map(serverOfJson),
    seconds: numberOf(row["seconds"]),
    bytesStored: numberOf(row["bytesStored"]),
    bytesRead: numberOf(row["bytesRead"]),
    requests: numberOf(row["requests"]),
    failed: numberOf(row["failed"]),
    medianMs: numberOf(row["medianMs"]),
    slowMs: numberOf(row["slowMs"]),
  };
}
