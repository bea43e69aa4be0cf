/** API keys as texts: `sixfold_<id>_<secret>`. The id is no secret; the secret is an Ed25519 seed, which signs links. */

/** A key, taken apart. */
export interface ApiKey {
  /** 16 hex digits, by which it is looked up, listed and revoked. */
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Uint8Array<ArrayBuffer>;
}

const FORM = /^sixfold_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** Takes a key apart; undefined when the text is none. */
export function parseApiKey(text: string): ApiKey | undefined {
  const [whole, id, secret] = FORM.exec(text) ?? [];
  if (whole === undefined || id === undefined || secret === undefined) return undefined;
  const bytes = fromBase64Url(secret);
  // The last digit has two bits that say nothing: only one way to write a key is taken.
  return toBase64Url(bytes) === secret ? { id, secret: bytes } : undefined;
}

/** The text of a key. */
export function formatApiKey({ id, secret }: ApiKey): string {
  return `sixfold_${id}_${toBase64Url(secret)}`;
}

/** Bytes in the alphabet that needs no escape in an address, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The other way round. @throws when the text has other characters */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}
