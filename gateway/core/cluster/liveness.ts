/** Whether a server lives, judged by its heartbeats: only against the time in which PostgreSQL could be told of them. */
import { silenceLimit } from "../../../shared/silence.ts";
import type { ServerRow } from "../../db/servers.ts";

/** So long after PostgreSQL's return every server that lives has given a sign of life, in ms. */
const SETTLED_MS = 10_000;

/** What of a row says whether its server lives. */
type Signs = Pick<ServerRow, "state" | "heartbeatMs" | "heartbeatAgeMs" | "heartbeatBehindMs">;

/**
 * A server is gone whose heartbeat is too old for now, or beside the newest one. Where PostgreSQL was away nobody could
 * give a sign of life: an outage makes no server old, and after it each has its time to be heard.
 * @param answeringMs for how long PostgreSQL has answered without a break, as this gateway saw it, the answer with this
 * row included
 */
export function isGone(row: Signs, answeringMs: number): boolean {
  const limit = silenceLimit(row.heartbeatMs);
  if (row.state === "stopped") return false;
  return (row.heartbeatBehindMs > limit && answeringMs >= SETTLED_MS) ||
    (row.heartbeatAgeMs > limit && answeringMs >= limit);
}

/** Why a server is in its state, in words; empty where nothing is to be said. */
export function reasonOf(row: Pick<ServerRow, "state" | "diskTrouble" | "heartbeatAgeMs">): string {
  if (row.state === "inactive") return `no heartbeat for ${Math.round(row.heartbeatAgeMs / 1000)} s`;
  if (row.diskTrouble !== "") return row.diskTrouble;
  return row.state === "full" ? "its disk has too little room" : "";
}
