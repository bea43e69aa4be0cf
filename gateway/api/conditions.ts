/** Conditional requests (RFC 9110, section 13). The ETag of a file is its id, which a new version changes. */
import { SixfoldError } from "../../shared/errors.ts";
import type { FileView } from "../core/files/files.ts";

/** The strong ETag of a file. */
export function etagOf({ id }: { readonly id: string }): string {
  return `"${id}"`;
}

/**
 * Judges `If-Match`, `If-None-Match` and `If-Modified-Since`.
 * @throws SixfoldError `failed_precondition` with `PRECONDITION` when `If-Match` names another version
 */
export function matches(headers: Headers, file: FileView): "changed" | "unchanged" {
  const wanted = headers.get("if-match");
  if (wanted !== null && !lists(wanted, etagOf(file))) {
    throw new SixfoldError("failed_precondition", "the file is another version now", { detail: "PRECONDITION" });
  }
  const known = headers.get("if-none-match");
  if (known !== null) return lists(known.replaceAll("W/", ""), etagOf(file)) ? "unchanged" : "changed";
  const since = Date.parse(headers.get("if-modified-since") ?? "");
  return Math.floor(file.createdAt.getTime() / 1000) * 1000 <= since ? "unchanged" : "changed";
}

/** Whether `If-Range` allows a part: without it, or when it names this version. */
export function mustNotChange(headers: Headers, file: FileView): boolean {
  const condition = headers.get("if-range");
  return condition === null || condition === etagOf(file);
}

function lists(header: string, etag: string): boolean {
  return header.trim() === "*" || header.split(",").some((item) => item.trim() === etag);
}
