/** What would become of the files if servers were lost. */
import { SixfoldError } from "../../../shared/errors.ts";
import { countLosses, type LossRow } from "../../db/loss.ts";
import type { Upkeep } from "./upkeep.ts";

/** Servers that can still be read from, or may be again in a moment. */
const HAS_ITS_CHUNKS = new Set(["active", "full", "draining"]);

/**
 * Counts the files, as if these servers were lost besides those that are away.
 * @throws SixfoldError `not_found` for a server that is not there
 */
export async function previewLoss({ sql, cluster }: Upkeep, lost: readonly string[]): Promise<LossRow> {
  const servers = await cluster.readServers();
  const unknown = lost.find((id) => !servers.some((server) => server.id === id));
  if (unknown !== undefined) throw new SixfoldError("not_found", `there is no server ${unknown}`);
  const left = servers.filter(({ id, state }) => HAS_ITS_CHUNKS.has(state) && !lost.includes(id));
  return await countLosses(sql, left.map(({ id }) => id));
}
