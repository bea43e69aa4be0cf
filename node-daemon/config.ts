/** The daemon's settings. */
import {
  bytes,
  choice,
  CLUSTER_TOKEN,
  decimal,
  integer,
  orAuto,
  readSettings,
  seconds,
  type Settings,
  text,
} from "../shared/config.ts";

/** All settings of a daemon. */
export const DAEMON_SETTINGS = {
  SIXFOLD_DATA_DIR: text("The folder that this daemon alone keeps its chunks in."),
  DATABASE_URL: text(
    "PostgreSQL, as postgres://user:password@host:port/database. Of several hosts (host:port,host:port) the one that takes writes is used.",
  ),
  SIXFOLD_CLUSTER_TOKEN: CLUSTER_TOKEN,
  SIXFOLD_HOST: text("The address to listen on, and the one that gateways dial.", "127.0.0.1"),
  SIXFOLD_GRPC_PORT: integer("The port of native gRPC; 0 takes a free one.", "50051", 0, 65_535),
  SIXFOLD_HTTP_PORT: integer(
    "The port of gRPC-Web, Connect, /healthz and /readyz; 0 takes a free one.",
    "51051",
    0,
    65_535,
  ),
  SIXFOLD_WEIGHT: decimal("The daemon's share of the chunks, beside daemons of weight 1.", "1", 0.01, 100),
  SIXFOLD_ZONE: text("Where the daemon stands, a rack or a room: chunks are spread over zones.", ""),
  SIXFOLD_RESERVE: orAuto(bytes("Free space to keep; auto is the larger of 5 % and 1G.", "auto")),
  SIXFOLD_HEARTBEAT: integer("Milliseconds between heartbeats.", "10000", 50, 60_000),
  SIXFOLD_SCRUB_EVERY: seconds("The time in which every chunk is re-read and verified once.", "7d"),
  SIXFOLD_SCRUB_RATE: bytes("Bytes per second that this may read at most; 0 for no limit.", "64M"),
  SIXFOLD_QUARANTINE: seconds("How long a chunk is kept that was set aside.", "24h"),
  SIXFOLD_LOG: choice("The least level that is logged.", "info", "debug", "info", "warn", "error"),
} as const;

/** A daemon's settings, checked. */
export type DaemonConfig = Settings<typeof DAEMON_SETTINGS> & {
  /** Bytes, or undefined for the automatic reserve. */
  readonly reserve: number | undefined;
};

/**
 * Reads the settings from the environment.
 * @throws SixfoldError `invalid_argument` that names every problem
 */
export function readDaemonConfig(read: (name: string) => string | undefined): DaemonConfig {
  const settings = readSettings(DAEMON_SETTINGS, read);
  const { SIXFOLD_RESERVE: reserve } = settings;
  return { ...settings, reserve: reserve === "auto" ? undefined : reserve };
}
