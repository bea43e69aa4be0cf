/** How the cluster mends itself, as operators see it, and what they may say to it. */
import { SixfoldError } from "../../../shared/errors.ts";
import { askForRepairs } from "../../db/repair_claims.ts";
import {
  allowReconciliation,
  confirmDatabase,
  countRepairs,
  listReconciliations,
  listRepairs,
  readTrust,
  type RepairCounts,
  type RepairKey,
  type RepairRow,
} from "../../db/upkeep.ts";
import type { Upkeep } from "./upkeep.ts";

const FIRST: RepairKey = { spare: -1000, fileId: "00000000-0000-0000-0000-000000000000", segment: -1, index: -1 };
const TOKEN = /^(-?\d{1,4})\.([0-9a-f-]{36})\.(\d{1,9})\.(\d)$/;
const USUAL_PAGE = 100;
const MOST_PAGE = 1000;

/** How many repairs there are. */
export async function repairState({ sql }: Upkeep): Promise<RepairCounts> {
  return await countRepairs(sql);
}

/** A page of repairs, the riskiest first. @throws SixfoldError `invalid_argument` for a token that is none */
export async function pageOfRepairs(
  { sql }: Upkeep,
  token: string,
  limit: number,
): Promise<{ readonly repairs: readonly RepairRow[]; readonly next: string }> {
  const [, spare, fileId = "", segment, index] = TOKEN.exec(token) ?? [];
  if (token !== "" && spare === undefined) {
    throw new SixfoldError("invalid_argument", "the page token is not one of an earlier answer");
  }
  const after = token === "" ? FIRST : { spare: Number(spare), fileId, segment: Number(segment), index: Number(index) };
  const count = Math.min(limit || USUAL_PAGE, MOST_PAGE);
  const repairs = await listRepairs(sql, after, count);
  const last = repairs.length < count ? undefined : repairs.at(-1);
  return { repairs, next: last === undefined ? "" : `${last.spare}.${last.fileId}.${last.segment}.${last.index}` };
}

/** Tries one repair now, or all that were parked. @returns how many */
export async function retryRepairs({ sql }: Upkeep, which: Parameters<typeof askForRepairs>[1]): Promise<number> {
  return await askForRepairs(sql, which);
}

/** What comparing the disks has found, and whether the database is believed. */
export async function reconciliations({ sql }: Upkeep) {
  return { rows: await listReconciliations(sql), ...await readTrust(sql) };
}

/** Lets the next comparison of a disk take all that it finds. @returns whether one had stopped */
export async function allow({ sql }: Upkeep, serverId: string): Promise<boolean> {
  return await allowReconciliation(sql, serverId);
}

/** Believes the database again. @returns its new generation */
export async function confirm({ sql }: Upkeep): Promise<number> {
  return await confirmDatabase(sql);
}
