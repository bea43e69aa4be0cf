/** Digests in headers (RFC 9530): `sha-256=:<base64>:`. */
import { SixfoldError } from "../../shared/errors.ts";

/**
 * The SHA-256 that a request declares for its body; other algorithms are not checked.
 * @throws SixfoldError `invalid_argument`
 */
export function declaredSha256(headers: Headers): Uint8Array | undefined {
  const header = headers.get("repr-digest") ?? headers.get("content-digest") ?? "";
  const text = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/.exec(header)?.[1];
  if (text === undefined) return undefined;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (bytes.length !== 32) throw new SixfoldError("invalid_argument", "a SHA-256 has 32 bytes");
  return bytes;
}
