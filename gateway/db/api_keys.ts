/** API keys as PostgreSQL knows them. */
import type { Sql } from "./database.ts";

/** A key that is made. */
export interface NewKey {
  readonly id: string;
  readonly name: string;
  readonly secretHash: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly verbs: readonly string[];
  readonly places: readonly string[];
  /** The id of the key that makes it; empty for none. */
  readonly createdBy: string;
}

/** A key. */
export interface KeyRow extends NewKey {
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly expired: boolean;
  /** PostgreSQL's clock, in seconds since 1970. */
  readonly now: number;
}

/** The columns of a KeyRow. */
const columns = (sql: Sql) =>
  sql`id, name, secret_hash AS "secretHash", public_key AS "publicKey", verbs, places, created_at AS "createdAt",
      created_by AS "createdBy", expires_at AS "expiresAt", revoked_at AS "revokedAt",
      coalesce(expires_at <= now(), false) AS expired, extract(epoch FROM now())::float8 AS now`;

/** Keeps a key. @param seconds how long it is valid; null for ever */
export async function insertKey(sql: Sql, key: NewKey, seconds: number | null): Promise<KeyRow> {
  const [row] = await sql<KeyRow[]>`
    INSERT INTO api_keys (id, name, secret_hash, public_key, verbs, places, created_by, expires_at)
    VALUES (${key.id}, ${key.name}, ${key.secretHash}::bytea, ${key.publicKey}::bytea, ${key.verbs}::text[],
            ${key.places}::text[], ${key.createdBy}, now() + make_interval(secs => ${seconds}::float8))
    RETURNING ${columns(sql)}`;
  if (row === undefined) throw new Error("the insert returned no row");
  return row;
}

/** A key by its id, whether it is valid or not. */
export async function findKey(sql: Sql, id: string): Promise<KeyRow | undefined> {
  const [row] = await sql<KeyRow[]>`SELECT ${columns(sql)} FROM api_keys WHERE id = ${id}`;
  return row;
}

/** Whether there is a key, or ever was one. */
export async function hasKeys(sql: Sql): Promise<boolean> {
  const rows = await sql`SELECT 1 FROM api_keys LIMIT 1`;
  return rows.length > 0;
}

/** A page of all keys, by id. @param after the last id of the page before, or empty */
export function listKeys(sql: Sql, after: string, limit: number): Promise<KeyRow[]> {
  return sql<KeyRow[]>`
    SELECT ${columns(sql)} FROM api_keys WHERE id > ${after} ORDER BY id LIMIT ${limit}::bigint`;
}

/** Ends a key, for good. Once more changes nothing. @returns whether there is such a key */
export async function revokeKey(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql`
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = ${id} RETURNING id`;
  return rows.length > 0;
}
