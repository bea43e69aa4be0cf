/** Many files that a load finds in the store: rows alone, as small files that live in PostgreSQL are. */
import postgres from "postgres";

/** Fills the bucket `listed`. Its keys are numbers of nine digits, from 0 on. @param count files that it has afterwards */
export async function fillListed(url: string, count: number): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql`INSERT INTO buckets (name) VALUES ('listed') ON CONFLICT DO NOTHING`;
    const filled = await sql`
      INSERT INTO files (id, bucket, key, size, content_type, inline)
      SELECT gen_random_uuid(), 'listed', convert_to(lpad(n::text, 9, '0'), 'UTF8'), 0, 'text/plain', ''
      FROM generate_series((SELECT count(*) FROM files WHERE bucket = 'listed'), ${count - 1}::int) AS n`;
    if (filled.count === 0) return;
    // What PostgreSQL would do about it sooner or later is done before anything is measured.
    await sql`VACUUM ANALYZE files`;
    await sql`CHECKPOINT`;
  } finally {
    await sql.end();
  }
}
