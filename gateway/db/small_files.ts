/** Small files on their way into PostgreSQL: those that come while others are being stored are stored together. */
import { SixfoldError } from "../../shared/errors.ts";
import { inSpan, outOfTrace } from "../../shared/telemetry.ts";
import type { Sql } from "./database.ts";
import { Together } from "./together.ts";
import type { NewFileRow } from "./uploads.ts";

/** A small file: its bytes are in its row. */
export type SmallFile = NewFileRow & { readonly inline: Uint8Array };

/** When a file became visible; undefined where its key is taken, and then nothing has changed but that the bucket is there. */
type Placed = Date | undefined;

/**
 * One round at a time: with two, those that wait are spread over both, and each file takes a fifth more CPU here and in
 * PostgreSQL.
 */
const ROUNDS = 1;
/** Files of one round: so many of the inline limit are in memory twice. */
const MOST = 32;
/** How long a file waits for a round, in ms, as for a connection. */
const WAIT_MS = 2000;
/** How long a round waits for a key that somebody has locked, in ms: others are in it. */
const LOCKED_MS = 100;
/** Why PostgreSQL undoes a statement because of one of its rows: what is in it, or somebody who locks its key. */
const BECAUSE_OF_ONE = /^(22|23|55)...$|^57014$/;

/** Stores small files under keys that are free. */
export class SmallFiles {
  readonly #together: Together<SmallFile, () => Placed | Promise<Placed>>;

  constructor(sql: Sql) {
    this.#together = new Together({
      // A round belongs to nobody's trace: whoever happens to begin it does not store the others.
      ask: (files) => outOfTrace(() => insertRound(sql, files)),
      rounds: ROUNDS,
      most: MOST,
      waitMs: WAIT_MS,
      busy: () => new SixfoldError("unavailable", "PostgreSQL is busy or away; try again"),
    });
  }

  /**
   * Makes a small file visible, and keeps the outcome. Whether its bucket is there is checked when the statement ends.
   * @returns undefined when the key is taken
   */
  insert(file: SmallFile): Promise<Placed> {
    return inSpan("db.insert", { "db.system.name": "postgresql" }, async () => {
      const placed = await this.#together.ask(file);
      return await placed();
    }, "client");
  }
}

/** One that fails because of one of its files is over, and each of them goes on alone: nobody pays for another one's. */
async function insertRound(sql: Sql, files: readonly SmallFile[]): Promise<(() => Placed | Promise<Placed>)[]> {
  try {
    const placed = await insertAll(sql, files);
    return files.map(({ id }) => () => placed.get(id));
  } catch (error) {
    if (!isBecauseOfOne(error)) throw error;
    return files.map((file) => () => insertAlone(sql, file));
  }
}

function isBecauseOfOne(error: unknown): boolean {
  return error instanceof Error && "code" in error && BECAUSE_OF_ONE.test(String(error.code));
}

/** One statement, and so one round trip and one transaction. */
async function insertAlone(sql: Sql, file: SmallFile): Promise<Placed> {
  const [row] = await sql<{ createdAt: Date }[]>`
    WITH home AS (
      INSERT INTO buckets (name) VALUES (${file.bucket}) ON CONFLICT DO NOTHING
    ), placed AS (
      INSERT INTO files (id, bucket, key, size, content_type, sha256, tree_sha256, metadata, inline)
      VALUES (${file.id}, ${file.bucket}, ${file.key}, ${file.size}, ${file.contentType}, ${file.sha256},
              ${file.treeSha256}, ${sql.json(file.metadata)}, ${file.inline})
      ON CONFLICT (bucket, key) DO NOTHING
      RETURNING id, created_at
    ), kept AS (
      INSERT INTO outcomes (upload_id) SELECT id FROM placed
    )
    SELECT created_at AS "createdAt" FROM placed`;
  return row?.createdAt;
}

/**
 * The same for many. They are inserted in the order of their keys, so that two rounds that have keys in common wait for
 * each other in one direction only; of two files under one key, the first one is stored.
 */
async function insertAll(sql: Sql, files: readonly SmallFile[]): Promise<Map<string, Date>> {
  const all = <T>(of: (file: SmallFile) => T) => files.map(of);
  const rows = await sql<{ id: string; createdAt: Date }[]>`
    WITH given AS (
      SELECT given.* FROM unnest(
        ${all(({ id }) => id)}::uuid[], ${all(({ bucket }) => bucket)}::text[], ${
    all(({ key }) => key.toHex())
  }::text[],
        ${all(({ size }) => size)}::bigint[], ${all(({ contentType }) => contentType)}::text[],
        ${all(({ sha256 }) => sha256?.toHex() ?? null)}::text[],
        ${all(({ treeSha256 }) => treeSha256?.toHex() ?? null)}::text[],
        ${all(({ metadata }) => JSON.stringify(metadata))}::text[], ${all(({ inline }) => inline.toHex())}::text[]
      ) AS given (id, bucket, key, size, content_type, sha256, tree_sha256, metadata, inline),
        set_config('lock_timeout', ${String(LOCKED_MS)}, true)
      ORDER BY bucket, key
    ), home AS (
      INSERT INTO buckets (name) SELECT DISTINCT bucket FROM given ORDER BY bucket ON CONFLICT DO NOTHING
    ), placed AS (
      INSERT INTO files (id, bucket, key, size, content_type, sha256, tree_sha256, metadata, inline)
      SELECT id, bucket, decode(key, 'hex'), size, content_type, decode(sha256, 'hex'), decode(tree_sha256, 'hex'),
             metadata::jsonb, decode(inline, 'hex')
      FROM given
      ON CONFLICT (bucket, key) DO NOTHING
      RETURNING id, created_at
    ), kept AS (
      INSERT INTO outcomes (upload_id) SELECT id FROM placed
    )
    SELECT id, created_at AS "createdAt" FROM placed`;
  return new Map(rows.map(({ id, createdAt }) => [id, createdAt]));
}
