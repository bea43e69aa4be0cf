/** Chunks that were set aside: `quarantine/<ms since 1970>-<chunk id>`, kept for a while in case that was wrong. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isChunkId } from "../shared/chunk_id.ts";
import { type DataFolder, removeFile } from "./data_folder.ts";

/** Where a chunk lies that is set aside now. */
export function quarantinePath(folder: DataFolder, chunkId: string, now: number): string {
  return join(folder.quarantine, `${now}-${chunkId}`);
}

/** What the name of a file in quarantine says. */
export function chunkOfQuarantined(name: string): { readonly since: number; readonly chunkId: string } | undefined {
  const dash = name.indexOf("-");
  const since = Number(name.slice(0, dash));
  const chunkId = name.slice(dash + 1);
  return dash > 0 && Number.isInteger(since) && isChunkId(chunkId) ? { since, chunkId } : undefined;
}

/** Removes what was set aside longer ago than `keepMs`. @returns how many chunks that were */
export async function sweepQuarantine(folder: DataFolder, keepMs: number, now = Date.now()): Promise<number> {
  let swept = 0;
  for (const name of await readdir(folder.quarantine)) {
    const found = chunkOfQuarantined(name);
    if (found === undefined || found.since > now - keepMs) continue;
    await removeFile(join(folder.quarantine, name));
    swept++;
  }
  return swept;
}
