/** How long a server may be silent before it counts as gone, in ms: the gateways and the server itself agree on it. */

/** Heartbeats that may be missing. */
export const BEATS = 3;
/** However short the heartbeats are, a process that is slow for a few seconds is not gone. */
export const LEAST_MS = 10_000;

/** @param heartbeatMs how often the server gives a sign of life */
export function silenceLimit(heartbeatMs: number): number {
  return Math.max(LEAST_MS, BEATS * heartbeatMs);
}
