/** All rows, by number. */
import type { Row } from "./row.ts";
import { DAEMON_ROWS } from "./rows/daemon.ts";
import { NETWORK_ROWS } from "./rows/network.ts";

/** See above. */
export const ROWS: readonly Row[] = [...DAEMON_ROWS, ...NETWORK_ROWS].sort((a, b) => a.number - b.number);
