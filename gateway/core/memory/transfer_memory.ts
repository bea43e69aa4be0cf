/** How much memory transfers may hold: where a container or a unit bounds the process, the kernel kills who takes more. */
import process from "node:process";

/** The part of it that transfers may take: the rest is code, V8's heap, sockets and what collections have yet to find. */
const SHARE = 0.25;

/**
 * The bytes for transfers: those that are set, or a quarter of what the process may have where that is less.
 * @param limit the least limit of the process's memory cgroup and those above it, in bytes
 */
export function transferMemory(set: number, limit = process.constrainedMemory()): number {
  return limit > 0 ? Math.min(set, Math.floor(limit * SHARE)) : set;
}
