/** The `Range` header of one range (RFC 9110, section 14): pure arithmetic of bytes. */

/** A range of a file. */
export interface ByteRange {
  /** The first byte. */
  readonly offset: number;
  /** At least 1. */
  readonly length: number;
}

/**
 * Reads a `Range` header against a file's size.
 * @returns the range; `whole` when the header is to be ignored (not bytes, malformed, or several ranges);
 * `unsatisfiable` when it is well-formed and holds no byte of the file
 */
export function parseByteRange(header: string | null, size: number): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? "");
  if (match === null) return "whole";
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return "whole";
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { offset: size - length, length };
  }
  if (last !== "" && Number(last) < Number(first)) return "whole";
  if (Number(first) >= size) return "unsatisfiable";
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return { offset: Number(first), length: end - Number(first) };
}
