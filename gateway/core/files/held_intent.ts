/** Keeps an intent alive for as long as a piece of work takes, and gives it up with everything written if that fails. */
import { SixfoldError } from "../../../shared/errors.ts";
import type { Sql } from "../../db/database.ts";
import { abandonIntent, renewIntent, type StrayChunk } from "../../db/uploads.ts";

/**
 * Does a piece of work under an intent that exists already. If it fails, the intent goes, and every chunk that may exist
 * becomes garbage: those that were never written are removed without harm. Where the work's own commit has taken the
 * intent and only the answer was lost, nothing is touched.
 * @param work adds every chunk to the strays before its first byte is sent
 */
export async function holdIntent<T>(
  sql: Sql,
  id: string,
  leaseSeconds: number,
  caller: AbortSignal,
  work: (strays: StrayChunk[], signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const strays: StrayChunk[] = [];
  const expired = new AbortController();
  const renewal = setInterval(() => {
    renewIntent(sql, id, leaseSeconds).then((alive) => {
      if (!alive) expired.abort(new SixfoldError("aborted", "this took so long that it was cleaned up"));
    }, () => {}); // PostgreSQL is away: the lease outlives several renewals, and without it there is no commit.
  }, leaseSeconds * 1000 / 5);
  try {
    return await work(strays, AbortSignal.any([caller, expired.signal]));
  } catch (error) {
    await abandonIntent(sql, id, strays).catch(() => {}); // The lease ends by itself, and the cleanup finds the chunks.
    throw error;
  } finally {
    clearInterval(renewal);
  }
}
