/** What readers ask for: the manifests of files, many in one query where many are asked for at once. */
import { SixfoldError } from "../../shared/errors.ts";
import { inSpan, outOfTrace } from "../../shared/telemetry.ts";
import type { Sql } from "./database.ts";
import { findManifest, findManifests, type Manifest, type Place } from "./files.ts";
import { Together } from "./together.ts";

/**
 * Rounds that may be under way: PostgreSQL works on one while the other's files are being sent, and one whose connection has
 * broken does not hold up all readers. With four, rounds are so small that half of the gain is lost.
 */
const ROUNDS = 2;
/** Manifests of one round: at most so many files of the inline limit are in memory twice. */
const MOST = 16;
/** How long a reader waits for a round, in ms, as for a connection. */
const WAIT_MS = 2000;
/** Larger files are asked for alone: of sixteen of these, all chunks are a few hundred rows. */
const LARGE = 64 * 1024 * 1024;

/** Finds manifests. */
export class Manifests {
  readonly #sql: Sql;
  readonly #together: Together<Place, Manifest | "large" | undefined>;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#together = new Together({
      // A round belongs to nobody's trace: whoever happens to begin it does not ask for the others.
      ask: (places) => outOfTrace(() => findManifests(sql, places, LARGE)),
      rounds: ROUNDS,
      most: MOST,
      waitMs: WAIT_MS,
      busy: () => new SixfoldError("unavailable", "PostgreSQL is busy or away; try again"),
    });
  }

  /** The file and every chunk of it; undefined when there is no such file. */
  find(place: Place): Promise<Manifest | undefined> {
    return inSpan("db.select", { "db.system.name": "postgresql" }, async () => {
      const found = await this.#together.ask(place);
      return found === "large" ? await findManifest(this.#sql, place) : found;
    }, "client");
  }
}
