/** Digests in headers (RFC 9530): `sha-256=:<base64>:`. */
import { SixfoldError } from "../../shared/errors.ts";

/**
 * The SHA-256 that a request declares for its body; other algorithms are not checked.
 * @throws SixfoldError `invalid_argument`
 */
export function declaredSha256(headers: Headers): Uint8Array | undefined {
  return digestIn(headers, headers.has("repr-digest") ? "repr-digest" : "content-digest");
}

/** The SHA-256 that one header declares: of the whole file, or of what this request brings. @throws SixfoldError `invalid_argument` */
export function digestIn(headers: Headers, name: "repr-digest" | "content-digest"): Uint8Array | undefined {
  const item = /(?:^|,)\s*sha-256=([^,]*)/.exec(headers.get(name) ?? "")?.[1];
  if (item === undefined) return undefined;
  const text = /^:([A-Za-z0-9+/]{43}=):\s*$/.exec(item)?.[1];
  if (text === undefined) throw new SixfoldError("invalid_argument", "sha-256 takes 32 bytes in base64 between colons");
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
