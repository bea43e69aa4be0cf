/** The headers of the IETF's resumable uploads, read. They are structured fields: what is none is as if it were not there. */
import { SixfoldError } from "../../shared/errors.ts";

/** Whether a request ends its upload; undefined where it does not say. */
export function completeOf(headers: Headers): boolean | undefined {
  const said = /^\?([01]) *(?:;|$)/.exec(headers.get("upload-complete") ?? "")?.[1];
  return said === undefined ? undefined : said === "1";
}

/** A number of bytes; undefined where there is none. */
export function bytesOf(headers: Headers, name: "upload-offset" | "upload-length"): number | undefined {
  const said = /^(\d{1,15}) *(?:;|$)/.exec(headers.get(name) ?? "")?.[1];
  return said === undefined ? undefined : Number(said);
}

/**
 * How long the whole file is to be, as far as a request says so: outright, or by ending it after so many bytes.
 * @throws SixfoldError `invalid_argument` where the one is not the other
 */
export function lengthOf({ headers, body }: Request, offset: number): number | undefined {
  const said = bytesOf(headers, "upload-length");
  const rest = body === null ? "0" : headers.get("content-length");
  const counted = completeOf(headers) === true && rest !== null ? offset + Number(rest) : undefined;
  if (said === undefined || counted === undefined || said === counted) return said ?? counted;
  throw new SixfoldError("invalid_argument", `Upload-Length is ${said}, and the last byte makes it ${counted}`);
}
