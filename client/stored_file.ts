/** A file as clients see it, read from the answers of a gateway. */
import { fromBase64, toHex } from "./bytes.ts";
import type { Answer } from "./gateways.ts";

/** A file that is stored. */
export interface StoredFile {
  /** The id of this version; a new upload to the same key has another. */
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  readonly contentType: string;
  /** SHA-256 of the whole in hex, where one request sent it. */
  readonly sha256: string | undefined;
  /** SHA-256 over the lengths and SHA-256 of its segments in hex, where it was sent in parts. */
  readonly treeSha256: string | undefined;
  readonly createdAt: Date;
  readonly metadata: Readonly<Record<string, string>>;
}

/** How REST marks what users say of a file. */
export const META = "sixfold-meta-";

/** Reads `sixfold.v1.File` in the JSON of protocol buffers, where what is empty is left out. */
export function fileOfJson(json: unknown): StoredFile {
  const fields: Record<string, unknown> = { ...Object(json) };
  const text = (name: string) => String(fields[name] ?? "");
  const hash = (name: string) => typeof fields[name] === "string" ? toHex(fromBase64(text(name))) : undefined;
  return {
    id: text("id"),
    bucket: text("bucket"),
    key: text("key"),
    size: Number(fields["size"] ?? 0),
    contentType: text("contentType"),
    sha256: hash("sha256"),
    treeSha256: hash("treeSha256"),
    createdAt: new Date(text("createdAt")),
    metadata: metadataOf(
      Object.entries({ ...Object(fields["metadata"]) }).map(([name, value]) => [name, String(value)]),
    ),
  };
}

/** Reads the headers of an answer that carries a file, or a range of it. */
export function fileOfHeaders(bucket: string, key: string, { status, headers }: Answer): StoredFile {
  const range = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  const digest = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/.exec(headers.get("repr-digest") ?? "")?.[1];
  return {
    id: (headers.get("etag") ?? "").replaceAll('"', ""),
    bucket,
    key,
    size: Number(status === 206 ? range : headers.get("content-length")),
    contentType: headers.get("content-type") ?? "",
    sha256: digest && toHex(fromBase64(digest)),
    treeSha256: undefined,
    createdAt: new Date(headers.get("last-modified") ?? ""),
    metadata: metadataOf([...headers].filter(([name]) => name.startsWith(META))),
  };
}

/** Metadata by the names that its users gave. */
function metadataOf(entries: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(
    entries.map(([name, value]) => [name.startsWith(META) ? name.slice(META.length) : name, value]),
  );
}
