/** The gateway's settings. */
import { parseApiKey } from "../shared/api_key.ts";
import { isBlockSize } from "../shared/chunk_format.ts";
import {
  bytes,
  choice,
  CLUSTER_TOKEN,
  DATABASE_URL,
  type Environment,
  flag,
  HOP_CA_FILE,
  integer,
  only,
  readSettings,
  seconds,
  secret,
  type Setting,
  type Settings,
  text,
} from "../shared/config.ts";
import { Networks } from "../shared/networks.ts";
import { LOG_SETTINGS } from "../shared/process_log.ts";
import { LEAST_MS } from "../shared/silence.ts";

/** Exact origins, separated by commas. */
function origins(about: string): Setting<readonly string[]> {
  return {
    about,
    fallback: "",
    kind: "exact origins such as https://example.org, separated by commas",
    parse: (text) => {
      const all = text.split(",").map((origin) => origin.trim()).filter((origin) => origin !== "");
      return all.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin) ? all : undefined;
    },
  };
}

/** Networks, separated by commas. */
function networks(about: string, fallback: string): Setting<Networks> {
  return { about, fallback, kind: "networks such as 10.0.0.0/8, separated by commas", parse: Networks.parse };
}

/** All settings of a gateway. */
export const GATEWAY_SETTINGS = {
  DATABASE_URL,
  SIXFOLD_DATABASE_CONNECTIONS: integer(
    "The most connections to PostgreSQL for requests; upkeep has five more.",
    "20",
    1,
    1000,
  ),
  SIXFOLD_CLUSTER_TOKEN: CLUSTER_TOKEN,
  SIXFOLD_HOST: text(
    "The address to listen on. One that is reached from elsewhere is refused without API keys, and in plain text.",
    "127.0.0.1",
  ),
  SIXFOLD_PORT: integer("The port; 0 takes a free one.", "8080", 0, 65_535),
  SIXFOLD_HOP_CA_FILE: HOP_CA_FILE,
  SIXFOLD_HOP: choice("How daemons are dialled.", "web", "web", "grpc"),
  SIXFOLD_HOP_NETWORKS: networks(
    "The networks in which daemons are dialled, whatever address they register; link-local addresses never are.",
    "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7",
  ),
  SIXFOLD_LAYOUT: choice("Data and parity chunks of new files.", "4+2", "6+0", "5+1", "4+2", "3+3"),
  SIXFOLD_BLOCK_SIZE: only(bytes("The unit of chunks.", "1M"), "a multiple of 4K up to 4M", isBlockSize),
  SIXFOLD_INLINE_MAX: bytes("Files up to this size live in PostgreSQL.", "32K"),
  SIXFOLD_MAX_FILE: bytes("The largest file.", "10G"),
  SIXFOLD_MAX_REQUESTS: integer("Requests at once; the rest is told to come back.", "1500", 1, 100_000),
  SIXFOLD_MEMORY: bytes(
    "Bytes that uploads and downloads together may hold; of a process that a cgroup bounds, a quarter at most.",
    "72M",
  ),
  SIXFOLD_GRACE: seconds("How long the bytes of a deleted file stay on the disks.", "15m"),
  SIXFOLD_SESSION_TTL: seconds("How long after its last part an upload in parts ends by itself.", "1h"),
  SIXFOLD_CLEANUP_EVERY: seconds("How often such bytes are looked for.", "5m"),
  SIXFOLD_REPAIR_AFTER: only(
    seconds(
      "How long a server may be away before its chunks are rebuilt elsewhere; never less than three of its heartbeats.",
      "10m",
    ),
    `a time such as 90s, 15m or 1h, at least ${LEAST_MS / 1000}s: whoever is silent for less is not away`,
    (time) => time * 1000 >= LEAST_MS,
  ),
  SIXFOLD_REPAIR_RATE: bytes("Bytes per second that one gateway rebuilds at most; 0 for no limit.", "128M"),
  SIXFOLD_REBALANCE: choice("Whether old chunks move to a server that joins.", "manual", "manual", "auto"),
  SIXFOLD_REBALANCE_RATE: bytes("Bytes per second that one gateway moves at most; 0 for no limit.", "64M"),
  SIXFOLD_RECONCILE_EVERY: seconds("How often each disk is compared with the database.", "12h"),
  SIXFOLD_KEPT_REQUESTS: integer(
    "Of how many of the last requests a gateway keeps the trace for whoever asks; 0 keeps none.",
    "200",
    0,
    10_000,
  ),
  SIXFOLD_ADMIN_KEY: secret(only(
    text(
      "An API key with all rights that is not kept in PostgreSQL, to make the others with; callers need keys then.",
      "",
    ),
    "empty, or sixfold_ with 16 hex digits, _ and 43 characters of base64url",
    (key) => key === "" || parseApiKey(key) !== undefined,
  )),
  SIXFOLD_KEY_RATE: integer("Requests per second of one API key at one gateway.", "2000", 1, 1_000_000),
  SIXFOLD_TLS_CERT_FILE: text("The certificate in PEM, followed by those that vouch for it; none for plain text.", ""),
  SIXFOLD_TLS_KEY_FILE: text("Its private key in PEM. Both files may change at any time.", ""),
  SIXFOLD_CORS_ORIGINS: origins("Other pages' origins from which browsers may call, with API keys; none by default."),
  SIXFOLD_RISK_NO_KEYS: flag("1: whoever reaches SIXFOLD_HOST may do everything until there is a key.", "0"),
  SIXFOLD_RISK_PLAIN_TEXT: flag(
    "1: keys and files, and to daemons elsewhere the cluster's token, pass in plain text where others may read them.",
    "0",
  ),
  ...LOG_SETTINGS,
} as const;

/** A gateway's settings, checked. */
export type GatewayConfig = Settings<typeof GATEWAY_SETTINGS>;

/**
 * Reads the settings from the environment.
 * @throws SixfoldError `invalid_argument` that names every problem
 */
export function readGatewayConfig(environment: Environment): GatewayConfig {
  return readSettings(GATEWAY_SETTINGS, environment);
}
