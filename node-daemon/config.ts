/** The daemon's settings. */
import {
  bytes,
  CLUSTER_TOKEN,
  DATABASE_URL,
  decimal,
  type Environment,
  flag,
  HOP_CA_FILE,
  integer,
  orAuto,
  readSettings,
  seconds,
  type Settings,
  text,
} from "../shared/config.ts";
import { SixfoldError } from "../shared/errors.ts";
import { isLoopback } from "../shared/loopback.ts";
import { LOG_SETTINGS } from "../shared/process_log.ts";

/** All settings of a daemon. */
export const DAEMON_SETTINGS = {
  SIXFOLD_DATA_DIR: text("The folder that this daemon alone keeps its chunks in."),
  DATABASE_URL,
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
  SIXFOLD_TLS_CERT_FILE: text("The certificate in PEM, for the host that gateways dial; none for plain text.", ""),
  SIXFOLD_TLS_KEY_FILE: text("Its private key in PEM. Both files may change at any time.", ""),
  SIXFOLD_HOP_CA_FILE: HOP_CA_FILE,
  SIXFOLD_RISK_PLAIN_TEXT: flag(
    "1: the cluster's token and the chunks pass in plain text where others may read them.",
    "0",
  ),
  ...LOG_SETTINGS,
} as const;

/** A daemon's settings, checked. */
export type DaemonConfig = Settings<typeof DAEMON_SETTINGS> & {
  /** Whether both doors speak TLS. */
  readonly tls: boolean;
  /** Bytes, or undefined for the automatic reserve. */
  readonly reserve: number | undefined;
};

/**
 * Reads the settings from the environment.
 * @throws SixfoldError `invalid_argument` that names every problem; `failed_precondition` for an address in the open
 */
export function readDaemonConfig(environment: Environment): DaemonConfig {
  const settings = readSettings(DAEMON_SETTINGS, environment);
  const { SIXFOLD_RESERVE: reserve, SIXFOLD_HOST: host } = settings;
  const files = [settings.SIXFOLD_TLS_CERT_FILE, settings.SIXFOLD_TLS_KEY_FILE, settings.SIXFOLD_HOP_CA_FILE];
  const tls = files.every((file) => file !== "");
  if (!tls && files.some((file) => file !== "")) {
    throw new SixfoldError(
      "invalid_argument",
      "SIXFOLD_TLS_CERT_FILE, SIXFOLD_TLS_KEY_FILE and SIXFOLD_HOP_CA_FILE go together: set all of them, or none",
    );
  }
  if (!isLoopback(host) && !tls && !settings.SIXFOLD_RISK_PLAIN_TEXT) {
    throw new SixfoldError(
      "failed_precondition",
      `SIXFOLD_HOST=${host} is reached from elsewhere, and the cluster's token and the chunks pass in plain text; set ` +
        "SIXFOLD_TLS_CERT_FILE, SIXFOLD_TLS_KEY_FILE and SIXFOLD_HOP_CA_FILE, or, in a network that only this cluster uses " +
        "or that is encrypted, accept this with SIXFOLD_RISK_PLAIN_TEXT=1",
    );
  }
  return { ...settings, tls, reserve: reserve === "auto" ? undefined : reserve };
}
