/** Where a gateway is, and where it keeps a file. */
import { SixfoldError } from "../shared/errors.ts";

/**
 * Addresses of gateways, checked, without a slash at their ends.
 * @throws SixfoldError `invalid_argument` that says what an address is
 */
export function gatewayAddresses(gateways: string | readonly string[]): string[] {
  const given = typeof gateways === "string" ? [gateways] : gateways;
  if (given.length === 0) throw new SixfoldError("invalid_argument", "name at least one gateway");
  return given.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw new SixfoldError("invalid_argument", `"${text}" is no gateway; write it as http://127.0.0.1:8080`);
    }
    return url.origin + url.pathname.replace(/\/+$/, "");
  });
}

/**
 * The path of a file in REST.
 * @throws SixfoldError `invalid_argument` for a key that a URL would turn into another one
 */
export function filePath(bucket: string, key: string): string {
  const parts = key.split("/");
  if (key === "" || parts.some((part) => part === "" || part === "." || part === "..") || !key.isWellFormed()) {
    throw new SixfoldError("invalid_argument", `"${key}" is no key: nothing empty, . or .. between its slashes`);
  }
  if (bucket === "") throw new SixfoldError("invalid_argument", "name a bucket");
  return `/v1/files/${encodeURIComponent(bucket)}/${parts.map(encodeURIComponent).join("/")}`;
}
