/** What a bucket and a key may be. They are names in PostgreSQL only and never become paths. */
import { SixfoldError } from "../../../shared/errors.ts";

const MAX_KEY = 1024;

/**
 * Checks a bucket: 1 to 63 letters, digits, dots, dashes and underscores, the first a letter or a digit.
 * @throws SixfoldError `invalid_argument`
 */
export function checkBucket(bucket: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/.test(bucket)) return bucket;
  throw new SixfoldError("invalid_argument", "a bucket has 1 to 63 letters, digits, dots, dashes or underscores");
}

/**
 * Checks a key and gives its bytes: 1 to 1,024 of UTF-8, no NUL, and between slashes nothing empty, `.` or `..`.
 * @throws SixfoldError `invalid_argument`
 */
export function keyBytes(key: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(key);
  const bad = bytes.length === 0 || bytes.length > MAX_KEY || key.includes("\0") || !key.isWellFormed() ||
    key.split("/").some((part) => part === "" || part === "." || part === "..");
  if (bad) {
    throw new SixfoldError(
      "invalid_argument",
      "a key has 1 to 1,024 bytes of UTF-8, no NUL, and no empty, . or .. between its slashes",
    );
  }
  return bytes;
}
