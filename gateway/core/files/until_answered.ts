/** Commits whose answer was lost: what may be done twice is done again until PostgreSQL has said what became of it. */
import { SixfoldError } from "../../../shared/errors.ts";
import { sleep } from "../../../shared/sleep.ts";

/** How long the outcome is asked for when PostgreSQL went away in the middle. */
const SETTLE_MS = 20_000;
const RETRY_MS = 500;

/**
 * Does a transaction of PostgreSQL that changes nothing when it is done again, and does it again while PostgreSQL is away.
 * @param work hears whether it may have been done before
 * @throws SixfoldError `unavailable` when the outcome could not be learned; what the transaction itself refused is thrown
 * as it is
 */
export async function untilAnswered<T>(work: (again: boolean) => Promise<T>): Promise<T> {
  const never = new AbortController().signal;
  const until = Date.now() + SETTLE_MS;
  for (let again = false;; again = true) {
    try {
      return await work(again);
    } catch (cause) {
      const { code } = SixfoldError.from(cause);
      const away = code === "unavailable" || code === "deadline_exceeded";
      // A first try that was refused has changed nothing; only what may have been done has to be settled.
      if (!away || !again && cause instanceof SixfoldError) throw cause;
      if (Date.now() < until) {
        await sleep(RETRY_MS, never);
        continue;
      }
      throw new SixfoldError("unavailable", "the database went away during the commit; ask what has arrived", {
        cause,
      });
    }
  }
}
