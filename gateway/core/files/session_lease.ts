/** Keeps a session alive while something is done with it, and ends the work when the session ends. */
import { SixfoldError } from "../../../shared/errors.ts";
import { findCompleted } from "../../db/completion.ts";
import { renewSession, WRITER_SECONDS } from "../../db/sessions.ts";
import { mayWrite } from "../access/caller.ts";
import type { Store } from "../segments/store.ts";

const RENEW_MS = 10_000;
/** However short a session may live. */
const LEAST_RENEW_MS = 100;

/**
 * Does a piece of work with a session that is renewed for as long as it takes. The work is ended when the session has
 * gone, and also when PostgreSQL was not heard of for so long that it may have: whoever ends a session relies on it that
 * all writers have noticed after `WRITER_SECONDS`.
 */
export async function withSession<T>(
  store: Store,
  id: string,
  caller: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  let heard = performance.now();
  const renew = async () => {
    const asked = performance.now();
    if (await renewSession(store.sql, id, store.sessionSeconds)) heard = asked;
    else ended.abort(await whyEnded(store, id));
  };
  const timer = setInterval(() => {
    renew().catch(() => {}); // PostgreSQL is away, perhaps only for a moment.
    if (performance.now() - heard < WRITER_SECONDS * 1000) return;
    ended.abort(new SixfoldError("unavailable", "the database was away for too long; ask what has arrived and go on"));
  }, Math.max(LEAST_RENEW_MS, Math.min(RENEW_MS, store.sessionSeconds * 300)));
  try {
    return await work(AbortSignal.any([caller, ended.signal]));
  } finally {
    clearInterval(timer);
  }
}

/** The answer to whoever wants to go on with a session that is not open, or is not for them. */
export async function whyEnded({ sql }: Store, id: string): Promise<SixfoldError> {
  const file = await findCompleted(sql, id);
  if (file === undefined || !mayWrite(file)) return noSuchUpload();
  return new SixfoldError("failed_precondition", "the upload is complete; its file takes no more parts");
}

/** The answer to whoever names a session that is not there, or is not for them. */
export function noSuchUpload(): SixfoldError {
  return new SixfoldError("not_found", "there is no such upload: it was aborted, or its time is over; begin a new one");
}
