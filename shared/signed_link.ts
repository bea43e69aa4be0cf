/**
 * Links that give one file to whoever has them, for a while: made offline with a key's secret, and checked with the public
 * key. A link can do what its key can, and no more: it ends with the key.
 */
import { fromBase64Url, toBase64Url } from "./api_key.ts";

/** What a link gives. */
export interface LinkTerms {
  readonly method: "GET" | "PUT";
  readonly bucket: string;
  readonly key: string;
  /** Seconds since 1970. */
  readonly expires: number;
  /** For PUT: the most bytes; undefined for as many as a file may have. */
  readonly size: number | undefined;
  /** For PUT: the content type that must be sent; undefined for any. */
  readonly type: string | undefined;
}

/** A link as it came. */
export interface SignedLink {
  /** Whose secret has signed it. */
  readonly keyId: string;
  readonly terms: LinkTerms;
  readonly signature: Uint8Array<ArrayBuffer>;
}

const KEY = "sixfold-key";
const EXPIRES = "sixfold-expires";
const SIZE = "sixfold-size";
const TYPE = "sixfold-type";
const SIGNATURE = "sixfold-signature";

/** The bytes that are signed. The key is the last line: it alone may have line ends. */
export function linkBytes(keyId: string, terms: LinkTerms): Uint8Array<ArrayBuffer> {
  const { method, bucket, key, expires, size, type } = terms;
  const lines = ["sixfold link 1", method, keyId, expires, size ?? "", JSON.stringify(type ?? ""), bucket, key];
  return new TextEncoder().encode(lines.join("\n"));
}

/** The query of a link. */
export function writeLink({ keyId, terms: { expires, size, type }, signature }: SignedLink): string {
  return String(
    new URLSearchParams({
      [KEY]: keyId,
      [EXPIRES]: String(expires),
      ...(size === undefined ? {} : { [SIZE]: String(size) }),
      ...(type === undefined ? {} : { [TYPE]: type }),
      [SIGNATURE]: toBase64Url(signature),
    }),
  );
}

/** Whether a query is meant as a link. */
export function isLink(query: URLSearchParams): boolean {
  return query.has(SIGNATURE);
}

/** A link from a request's method, file and query; undefined when it is malformed. */
export function readLink(method: string, bucket: string, key: string, query: URLSearchParams): SignedLink | undefined {
  const names = [KEY, EXPIRES, SIZE, TYPE, SIGNATURE];
  if (names.some((name) => query.getAll(name).length > 1)) return undefined;
  const verb = method === "PUT" ? "PUT" : method === "GET" || method === "HEAD" ? "GET" : undefined;
  const [keyId, expires, size, type, signature] = names.map((name) => query.get(name) ?? undefined);
  const whole = (text: string) => /^\d{1,15}$/.test(text);
  if (verb === undefined || keyId === undefined || expires === undefined || signature === undefined) return undefined;
  if (!whole(expires) || (size !== undefined && !whole(size)) || !/^[\w-]{86}$/.test(signature)) return undefined;
  const most = size === undefined ? undefined : Number(size);
  const terms: LinkTerms = { method: verb, bucket, key, expires: Number(expires), size: most, type };
  return { keyId, terms, signature: fromBase64Url(signature) };
}
