/** What a daemon remembers of its database, so that an older or another one cannot make it give up chunks. */
import { SixfoldError } from "../shared/errors.ts";

/** How new a database is, as one server sees it. */
export interface DatabaseMark {
  /** Raised by a person who has confirmed a database that had gone back in time. */
  readonly generation: number;
  /** The server's heartbeats that it has counted. */
  readonly beat: number;
}

/** A caller may have looked at the database so long ago, in ms. */
const FRESH_MS = 60_000;

/** The newest state that was seen, and what was seen in the last minute. */
export class DatabaseMemory {
  readonly #recent: { readonly at: number; readonly mark: DatabaseMark }[] = [];
  #newest: DatabaseMark;
  #doubt: string | undefined;

  /** @param newest what an earlier process has kept; all zero for a new server */
  constructor(newest: DatabaseMark) {
    this.#newest = newest;
  }

  /** The newest state. */
  get newest(): DatabaseMark {
    return this.#newest;
  }

  /** Why the database is not believed; undefined where it is. */
  get doubt(): string | undefined {
    return this.#doubt;
  }

  /** Takes in what the database has answered to a heartbeat. @param now ms of any steady clock */
  see(mark: DatabaseMark, now = performance.now()): void {
    if (isOlder(mark, this.#newest)) {
      this.#doubt = `the database has gone back in time: it counts heartbeat ${mark.beat} of generation ` +
        `${mark.generation}, and a server has seen ${this.#newest.beat} of ${this.#newest.generation}`;
      return;
    }
    this.#doubt = undefined;
    this.#newest = mark;
    this.#recent.push({ at: now, mark });
    while (this.#recent.length > 1 && (this.#recent[0]?.at ?? now) < now - FRESH_MS) this.#recent.shift();
  }

  /**
   * Lets a caller remove a chunk.
   * @param mark the state of the database that it acts on; undefined for a person
   * @throws SixfoldError `failed_precondition` when that is older than what was seen a minute ago
   */
  admit(mark: DatabaseMark | undefined): void {
    if (mark === undefined) return;
    const [oldest] = this.#recent;
    if (this.#doubt === undefined && oldest !== undefined && !isOlder(mark, oldest.mark)) return;
    throw new SixfoldError(
      "failed_precondition",
      this.#doubt ?? "the caller's database is older than the one that this server knows; nothing was removed",
    );
  }
}

function isOlder(a: DatabaseMark, b: DatabaseMark): boolean {
  return a.generation < b.generation || (a.generation === b.generation && a.beat < b.beat);
}
