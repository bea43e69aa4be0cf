/** Many files for the load that lists: rows alone, as small files that live in PostgreSQL are. */
import postgres from "postgres";
import { LISTED } from "./loads.ts";

/** Fills the bucket `listed`. Its keys are numbers of nine digits. */
export async function fillListed(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  try {
    await sql`INSERT INTO buckets (name) VALUES ('listed')`;
    await sql`
      INSERT INTO files (id, bucket, key, size, content_type, inline)
      SELECT gen_random_uuid(), 'listed', convert_to(lpad(n::text, 9, '0'), 'UTF8'), 0, 'text/plain', ''
      FROM generate_series(0, ${LISTED - 1}::int) AS n`;
    await sql`ANALYZE files`;
  } finally {
    await sql.end();
  }
}
