/** Whether full disks are to blame for a segment that could not be written. */
import type { SixfoldError } from "../../../shared/errors.ts";
import type { Layout } from "../../../shared/layout.ts";
import type { ServerRow } from "../../db/servers.ts";
import { isEnough } from "../cluster/placement.ts";

/** What is asked of a server here. */
type Disk = Pick<ServerRow, "id" | "state" | "diskTrouble">;

/**
 * Whether there would be servers enough with more room: a disk refused a chunk of this very upload, or those that have
 * room are too few. A disk that is ill is not full.
 * @param failed what went wrong with which server, in this upload
 */
export function lacksRoom(servers: Iterable<Disk>, failed: ReadonlyMap<string, SixfoldError>, layout: Layout): boolean {
  const disks = [...servers];
  const refused = disks.filter(({ id }) => failed.get(id)?.detail === "DISK_FULL");
  const known = disks.filter(({ id, state, diskTrouble }) => state === "full" && diskTrouble === "" && !failed.has(id));
  const others = disks.filter(({ id, state }) => state === "active" && !failed.has(id));
  const isShort = refused.length > 0 || !isEnough(others.length, layout);
  const full = refused.length + known.length;
  return full > 0 && isShort && isEnough(others.length + full, layout);
}
