/** What a client sees of the cluster itself. */
import { SixfoldError } from "../shared/errors.ts";
import { fromBase64, toHex } from "./bytes.ts";
import { type CallOptions, callRpc, type GatewayOptions, Gateways } from "./gateways.ts";
import { rowsOf } from "./rpc_json.ts";

/** A storage server. */
export interface ServerInfo {
  readonly id: string;
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly state: "active" | "full" | "draining" | "stopped" | "inactive" | "unknown";
  readonly freeBytes: number;
  readonly usedBytes: number;
  readonly lastHeartbeat: Date;
  /** Where it stands; empty for none. */
  readonly zone: string;
  /** Its share of the chunks beside servers of weight 1. */
  readonly weight: number;
  /** Whether the gateway that answered makes calls to it. */
  readonly breaker: "closed" | "open" | "half_open" | "unknown";
  /** Why its state is what it is; empty where nothing is to be said. */
  readonly stateReason: string;
  /** In what `watch` tells: why it gave the gateway no sign of life just now; empty where it did. */
  readonly unreachable: string;
}

/** Where one chunk is. */
export interface ChunkPlace {
  readonly chunkId: string;
  readonly segment: number;
  readonly index: number;
  readonly serverId: string;
  /** In bytes. */
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
  /** When its disk has last read it again and verified it; undefined where its turn has not come since it was written. */
  readonly verifiedAt: Date | undefined;
  /** Why it has to be rebuilt; empty where it has not. */
  readonly damage: string;
}

/** How a gateway is. */
export interface Readiness {
  readonly address: string;
  readonly ready: boolean;
  /** How many servers it sees. */
  readonly servers: number;
  /** How far its clock is ahead of this machine's, in ms, to the second; undefined where it does not say. */
  readonly clockAheadMs: number | undefined;
  /** Why it is not ready, if something was in the way. */
  readonly error: SixfoldError | undefined;
}

const BREAKERS = ["closed", "open", "half_open"] as const;
const STATES = ["active", "full", "draining", "stopped", "inactive"] as const;

/** Every server that is known. @throws SixfoldError */
export async function servers(gateways: Gateways, options: CallOptions = {}): Promise<ServerInfo[]> {
  const { servers } = await callRpc(gateways, "ClusterService/ListServers", {}, options);
  return rowsOf(servers).map(serverOfJson);
}

/** Reads `sixfold.v1.Server` in the JSON of protocol buffers. */
export function serverOfJson(row: Record<string, unknown>): ServerInfo {
  const state = String(row["state"]).replace("SERVER_STATE_", "").toLowerCase();
  const breaker = String(row["breaker"]).replace("BREAKER_STATE_", "").toLowerCase();
  return {
    id: String(row["id"]),
    grpcAddress: String(row["grpcAddress"]),
    httpAddress: String(row["httpAddress"]),
    state: STATES.find((known) => known === state) ?? "unknown",
    freeBytes: Number(row["freeBytes"] ?? 0),
    usedBytes: Number(row["usedBytes"] ?? 0),
    lastHeartbeat: new Date(String(row["lastHeartbeat"])),
    zone: String(row["zone"] ?? ""),
    weight: Number(row["weight"] ?? 1),
    breaker: BREAKERS.find((known) => known === breaker) ?? "unknown",
    stateReason: String(row["stateReason"] ?? ""),
    unreachable: String(row["unreachable"] ?? ""),
  };
}

/** Where the chunks of a file are. @throws SixfoldError `not_found` */
export async function locate(
  gateways: Gateways,
  bucket: string,
  key: string,
  options: CallOptions = {},
): Promise<ChunkPlace[]> {
  const { chunks } = await callRpc(gateways, "ClusterService/Locate", { bucket, key }, options);
  return rowsOf(chunks).map((row) => ({
    chunkId: String(row["chunkId"]),
    segment: Number(row["segment"] ?? 0),
    index: Number(row["index"] ?? 0),
    serverId: String(row["serverId"]),
    length: Number(row["length"] ?? 0),
    sha256: toHex(fromBase64(String(row["sha256"] ?? ""))),
    verifiedAt: row["verifiedAt"] === undefined ? undefined : new Date(String(row["verifiedAt"])),
    damage: String(row["damage"] ?? ""),
  }));
}

/** Asks every gateway by itself. */
export function readiness(
  { addresses }: Gateways,
  options: GatewayOptions,
  { signal }: CallOptions = {},
): Promise<Readiness[]> {
  return Promise.all(addresses.map(async (address) => {
    const alone = new Gateways({ ...options, gateways: address });
    try {
      return await alone.send({ path: "/readyz", signal, patienceMs: 1000, deadlineMs: 5000 }, async (response) => {
        const state: Record<string, unknown> = { ...Object(await response.json()) };
        const date = Date.parse(response.headers.get("date") ?? "");
        const clockAheadMs = Number.isNaN(date) ? undefined : date - Math.floor(Date.now() / 1000) * 1000;
        return {
          address,
          ready: state["ready"] === true,
          servers: Number(state["servers"]),
          clockAheadMs,
          error: undefined,
        };
      });
    } catch (error) {
      return { address, ready: false, servers: 0, clockAheadMs: undefined, error: SixfoldError.from(error) };
    }
  }));
}
