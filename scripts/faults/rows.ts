/** All rows, by number. */
import type { Row } from "./row.ts";
import { ADDRESS_ROWS } from "./rows/addresses.ts";
import { CHUNK_FILE_ROWS } from "./rows/chunk_files.ts";
import { CLIENT_ROWS } from "./rows/clients.ts";
import { HEARTBEAT_ROWS } from "./rows/heartbeat.ts";
import { IDENTITY_ROWS } from "./rows/identity.ts";
import { RACE_ROWS } from "./rows/races.ts";
import { DATABASE_ROWS } from "./rows/database.ts";
import { GATEWAY_ROWS } from "./rows/gateway.ts";
import { DISK_ROWS } from "./rows/disk.ts";
import { DAEMON_ROWS } from "./rows/daemon.ts";
import { KEY_ROWS } from "./rows/keys.ts";
import { LEFT_OUT_ROWS } from "./rows/left_out.ts";
import { LIMIT_ROWS } from "./rows/limits.ts";
import { LOG_ROWS } from "./rows/logs.ts";
import { MEMORY_ROWS } from "./rows/memory.ts";
import { MESSAGE_ROWS } from "./rows/messages.ts";
import { NAME_ROWS } from "./rows/names.ts";
import { NOISE_ROWS } from "./rows/noise.ts";
import { REPAIR_ROWS } from "./rows/repair.ts";
import { SIZE_ROWS } from "./rows/sizes.ts";
import { SECRET_ROWS } from "./rows/secrets.ts";
import { SESSION_ROWS } from "./rows/sessions.ts";
import { NETWORK_ROWS } from "./rows/network.ts";
import { UNCAUGHT_ROWS } from "./rows/uncaught.ts";

/** See above. */
export const ROWS: readonly Row[] = [
  ...HEARTBEAT_ROWS,
  ...IDENTITY_ROWS,
  ...CLIENT_ROWS,
  ...RACE_ROWS,
  ...GATEWAY_ROWS,
  ...DATABASE_ROWS,
  ...CHUNK_FILE_ROWS,
  ...DAEMON_ROWS,
  ...DISK_ROWS,
  ...NETWORK_ROWS,
  ...ADDRESS_ROWS,
  ...SESSION_ROWS,
  ...NAME_ROWS,
  ...LOG_ROWS,
  ...MESSAGE_ROWS,
  ...NOISE_ROWS,
  ...LIMIT_ROWS,
  ...KEY_ROWS,
  ...MEMORY_ROWS,
  ...SECRET_ROWS,
  ...REPAIR_ROWS,
  ...SIZE_ROWS,
  ...UNCAUGHT_ROWS,
  ...LEFT_OUT_ROWS,
].sort((a, b) => a.number - b.number);
