/** The file that a request of REST names in its path. */
import { SixfoldError } from "../../shared/errors.ts";

/** What such a path begins with. */
export const FILES = "/v1/files/";

/** Bucket and key, percent-decoded once. @throws SixfoldError `invalid_argument` */
export function fileAddress(request: Request): { readonly bucket: string; readonly key: string } {
  const path = new URL(request.url).pathname.slice(FILES.length);
  const slash = path.indexOf("/");
  try {
    return { bucket: decodeURIComponent(path.slice(0, slash)), key: decodeURIComponent(path.slice(slash + 1)) };
  } catch (cause) {
    throw new SixfoldError("invalid_argument", "the path is not percent-encoded UTF-8", { cause });
  }
}
