/** The file that a request of REST names in its path. */
import { SixfoldError } from "../../shared/errors.ts";
import { pathOf } from "../../shared/path_of.ts";

/** What such a path begins with. */
export const FILES = "/v1/files/";
/** What the path of a file that is to be brought back begins with. */
export const UNDELETE = "/v1/undelete/";

/**
 * Bucket and key, percent-decoded once.
 * @param before what stands before them in the path
 * @throws SixfoldError `invalid_argument`
 */
export function fileAddress(request: Request, before = FILES): { readonly bucket: string; readonly key: string } {
  const path = pathOf(request).slice(before.length);
  const slash = path.indexOf("/");
  try {
    return { bucket: decodeURIComponent(path.slice(0, slash)), key: decodeURIComponent(path.slice(slash + 1)) };
  } catch (cause) {
    throw new SixfoldError("invalid_argument", "the path is not percent-encoded UTF-8", { cause });
  }
}
