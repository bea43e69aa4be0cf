/** Signed links on their way in. */
import { SixfoldError } from "../../shared/errors.ts";
import { isLink, readLink, type SignedLink } from "../../shared/signed_link.ts";
import { fileAddress, FILES } from "./file_address.ts";

/**
 * The link that a request came by; undefined where it came by none. What the link says of a body is checked here, by the
 * head of the request: a body is never longer than its head says.
 * @throws SixfoldError `unauthenticated` when it is malformed or for something else; `invalid_argument` for another body
 */
export function linkOf(request: Request): SignedLink | undefined {
  if (!request.url.includes("?")) return undefined;
  const { pathname, searchParams } = new URL(request.url);
  if (!isLink(searchParams)) return undefined;
  const file = pathname.startsWith(FILES) ? fileAddress(request) : undefined;
  const link = file && readLink(request.method, file.bucket, file.key, searchParams);
  if (link === undefined) throw new SixfoldError("unauthenticated", "this link is malformed, or for something else");
  const { method, size, type } = link.terms;
  if (method === "PUT") checkBody(request.headers, size, type);
  return link;
}

function checkBody(headers: Headers, size: number | undefined, type: string | undefined): void {
  const length = headers.get("content-length");
  if (size !== undefined && length === null) {
    throw new SixfoldError("invalid_argument", "this link takes a body of a declared size; send Content-Length");
  }
  if (size !== undefined && Number(length) > size) {
    throw new SixfoldError("resource_exhausted", `this link takes at most ${size} bytes`, { detail: "TOO_LARGE" });
  }
  if (type !== undefined && headers.get("content-type") !== type) {
    throw new SixfoldError("invalid_argument", `this link takes content of the type ${type}; send it as Content-Type`);
  }
}
