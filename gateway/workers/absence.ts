/** Watches for servers that are away for long, and for those that come back: what that means for repairs. */
import type { Logger } from "../../shared/logger.ts";
import type { Sql } from "../db/database.ts";
import { beginGoneServer, findGoneServers, queueGoneServer, withdrawRepairs } from "../db/gone_servers.ts";
import { unparkRepairs } from "../db/repair_claims.ts";
import type { Work } from "./runner.ts";

const PAGE = 1000;
const LOOK_SECONDS = 5;

/** What it needs. */
export interface AbsenceParts {
  readonly sql: Sql;
  readonly log: Logger;
  /** How long a server may be away. */
  readonly afterSeconds: number;
}

/** The work of queueing what a server that is away for too long keeps, and of withdrawing it; it counts servers. */
export function watchAbsence({ sql, log, afterSeconds }: AbsenceParts): Work {
  return {
    name: "absence",
    everySeconds: LOOK_SECONDS,
    async step(signal) {
      const withdrawn = await withdrawRepairs(sql, afterSeconds);
      if (withdrawn > 0) log.warn("a server is back: what is still on it is not rebuilt any more", { withdrawn });
      await unparkRepairs(sql);
      for (const serverId of await findGoneServers(sql, afterSeconds)) {
        await beginGoneServer(sql, serverId);
        let last = await queueGoneServer(sql, serverId, "", PAGE);
        if (last === undefined) continue;
        log.warn("a server is away for too long: its chunks are rebuilt on the others", { serverId });
        while (last !== undefined && !signal.aborted) last = await queueGoneServer(sql, serverId, last, PAGE);
      }
      return 0;
    },
  };
}
