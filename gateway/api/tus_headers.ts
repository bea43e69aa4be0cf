/** The headers of tus 1.0, read. */
import { Buffer } from "node:buffer";
import { SixfoldError } from "../../shared/errors.ts";

/** `name base64, name base64`; a name may stand alone. @throws SixfoldError */
export function metadataOf(headers: Headers): Partial<Record<string, string>> {
  const header = headers.get("upload-metadata") ?? "";
  const pairs = header.split(",").map((pair) => pair.trim().split(/ +/)).filter(([name]) => name !== "");
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
      throw new SixfoldError("invalid_argument", "the values of Upload-Metadata are base64");
    }
    return [name, Buffer.from(value, "base64").toString()];
  }));
}

/** The SHA-256 that a body has to have, if it is said. @throws SixfoldError where another algorithm is named than is offered */
export function checksumOf(headers: Headers): Uint8Array | undefined {
  const header = headers.get("upload-checksum");
  if (header === null) return undefined;
  const text = /^sha256 ([A-Za-z0-9+/]{43}=)$/.exec(header)?.[1];
  if (text === undefined) throw new SixfoldError("invalid_argument", "Upload-Checksum is `sha256 <base64>`");
  return Uint8Array.from(Buffer.from(text, "base64"));
}

/** Whether the length is told later. @throws SixfoldError where it is said in another way */
export function isDeferred(headers: Headers): boolean {
  const said = headers.get("upload-defer-length");
  if (said === null) return false;
  if (said === "1" && !headers.has("upload-length")) return true;
  throw new SixfoldError("invalid_argument", "Upload-Defer-Length is 1, and then there is no Upload-Length yet");
}

/** A header that is a number of bytes. @throws SixfoldError */
export function wholeNumber(headers: Headers, name: string): number {
  const text = headers.get(name) ?? "";
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new SixfoldError("invalid_argument", `${name} is needed, a whole number of bytes`);
}

/**
 * What an upload is to be put together from, by their ids; or that it is a part of one; undefined for neither.
 * @throws SixfoldError where it is said in another way
 */
export function concatOf(headers: Headers): "partial" | { readonly final: readonly string[] } | undefined {
  const said = headers.get("upload-concat");
  if (said === null) return undefined;
  if (said === "partial") return said;
  const urls = /^final; *(\S.*)$/.exec(said)?.[1]?.trim().split(/ +/) ?? [];
  const ids = urls.map((url) => /\/tus\/([0-9a-f-]{36})\/?$/.exec(url)?.[1] ?? "");
  if (ids.length > 0 && !ids.includes("")) return { final: ids };
  throw new SixfoldError(
    "invalid_argument",
    "Upload-Concat is `partial`, or `final;` and the addresses of partial uploads",
  );
}
