/** What readers find broken is queued for repair: soon, together, once, and never while a reader waits for it. */
import type { Logger } from "../../../shared/logger.ts";
import type { Sql } from "../../db/database.ts";
import { type Damage, queueRepairs } from "../../db/repairs.ts";

/** What is found within so many ms is queued together. */
const GATHER_MS = 200;
/** What was queued is not queued again for so long: every reader of a file finds the same damage. */
const KNOWN_MS = 60_000;
/** Beyond so many, new damage is found again by the next reader. */
const MOST = 10_000;

/** Gathers damage on its way to the queue. */
export class DamageReports {
  readonly #sql: Sql;
  readonly #log: Logger;
  readonly #known = new Map<string, number>();
  #found: Damage[] = [];

  constructor(sql: Sql, log: Logger) {
    this.#sql = sql;
    this.#log = log;
  }

  /** Takes note of a chunk that is missing or has bad blocks. */
  report(damage: Damage): void {
    const name = `${damage.fileId}.${damage.segment}.${damage.index}`;
    const now = performance.now();
    for (const [old, at] of this.#known) {
      if (now - at < KNOWN_MS) break;
      this.#known.delete(old);
    }
    if (this.#known.has(name) || this.#known.size >= MOST) return;
    this.#known.set(name, now);
    this.#log.warn("a chunk is damaged and will be repaired", { ...damage });
    if (this.#found.push(damage) === 1) setTimeout(() => void this.#queue(), GATHER_MS);
  }

  async #queue(): Promise<void> {
    const damages = this.#found.splice(0);
    try {
      await queueRepairs(this.#sql, damages);
    } catch (error) {
      // It is found again by a later reader, or by the daemon's own scrub.
      for (const { fileId, segment, index } of damages) this.#known.delete(`${fileId}.${segment}.${index}`);
      this.#log.warn("damage could not be queued for repair yet", { error });
    }
  }
}
