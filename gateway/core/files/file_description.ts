/** What is said of a file besides its name: it comes by any door, and goes into PostgreSQL and out as headers. */
import { SixfoldError } from "../../../shared/errors.ts";

/** What a header's value may be, and one that starts no new line. */
const CONTENT_TYPE = /^[\t\x20-\x7e\x80-\xff]{1,1000}$/;

/** @throws SixfoldError `invalid_argument` */
export function checkDescription(
  { contentType, metadata }: {
    readonly contentType: string;
    readonly metadata: Readonly<Record<string, string>>;
  },
): void {
  if (!CONTENT_TYPE.test(contentType)) {
    throw new SixfoldError("invalid_argument", "a content type has 1 to 1,000 characters of Latin-1 and no line end");
  }
  for (const text of Object.entries(metadata).flat()) {
    if (text.includes("\0") || !text.isWellFormed()) {
      throw new SixfoldError("invalid_argument", "the names and values of metadata are texts of Unicode without NUL");
    }
  }
}
