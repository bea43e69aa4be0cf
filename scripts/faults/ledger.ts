/** What PostgreSQL says about chunks, asked beside the system: for checks, and to make a waiting time pass. */
import postgres from "postgres";

/** A chunk as its row has it. */
export interface LedgerChunk {
  readonly chunkId: string;
  readonly serverId: string;
}

/** A connection of the checks' own. */
export class Ledger {
  readonly sql: postgres.Sql;

  constructor(url: string) {
    this.sql = postgres(url, { max: 2, onnotice: () => {}, connect_timeout: 5 });
  }

  /** Puts a proxy before a daemon: gateways dial it from now on. Registration alone writes the address again. */
  async dialVia(httpAddress: string, proxy: string): Promise<void> {
    await this.sql`UPDATE storage_servers SET http_address = ${proxy} WHERE http_address = ${httpAddress}`;
    await this.sql`SELECT pg_notify('sixfold_servers', '')`;
  }

  /** All chunks of visible files. */
  async chunks(): Promise<LedgerChunk[]> {
    return await this.sql<LedgerChunk[]>`SELECT chunk_id AS "chunkId", server_id AS "serverId" FROM chunks`;
  }

  /** Lets the leases of uploads that nobody continues end now. */
  async endLeases(): Promise<void> {
    await this.sql`UPDATE intents SET lease_until = now()`;
    await this.sql`UPDATE upload_sessions SET expires_at = now()`;
  }

  /** Lets all grace times end now. @returns how many uploads and chunks are still to be cleaned up */
  async endGrace(): Promise<number> {
    await this.sql`UPDATE garbage SET due_at = now() WHERE due_at > now()`;
    const [row] = await this.sql<{ left: number }[]>`
      SELECT ((SELECT count(*) FROM garbage) + (SELECT count(*) FROM intents)
              + (SELECT count(*) FROM upload_sessions))::int AS left`;
    return row?.left ?? 0;
  }

  /** How many segments could not be read if these servers were lost. */
  async endangeredBy(serverIds: readonly string[]): Promise<number> {
    const [row] = await this.sql<{ lost: number }[]>`
      SELECT count(*)::int AS lost FROM segments s
      WHERE s.inline IS NULL AND s.k > (SELECT count(*) FROM chunks c WHERE c.file_id = s.file_id AND c.segment = s.number
                   AND c.state = 'stored' AND NOT c.server_id = ANY(${[...serverIds]}::uuid[]))`;
    return row?.lost ?? 0;
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    await this.sql.end({ timeout: 1 });
  }
}
