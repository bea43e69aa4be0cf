/** The console's page and what it is made of, as files that never change under their names. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { pathOf } from "../../shared/path_of.ts";

/** Answers a request for the console; undefined where it is none. */
export type Console = (request: Request) => Response | undefined;

/**
 * What the page may do: run and show what this gateway serves, and speak to this gateway. Pictures of files come as
 * blobs; a file's page is shown in a frame that inherits all of this, and runs nothing.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
const SAFE = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
const FOR_EVER = "public, max-age=31536000, immutable";
const PARTS = [
  { file: "gen/console.js", type: "text/javascript; charset=utf-8" },
  { file: "gen/console.css", type: "text/css; charset=utf-8" },
  { file: "console/icon.svg", type: "image/svg+xml" },
] as const;

interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly caching: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

/** Reads the console once. @param folder the gateway's */
export async function openConsole(folder: URL): Promise<Console> {
  const assets = new Map<string, Asset>();
  let page = await Deno.readTextFile(new URL("console/index.html", folder));
  for (const { file, type } of PARTS) {
    const asset = await assetOf(await Deno.readFile(new URL(file, folder)), type, FOR_EVER);
    const name = file.slice(file.indexOf("/") + 1);
    const path = `/console/${name.replace(".", `.${asset.etag.slice(1, 17)}.`)}`;
    page = page.replaceAll(`"/${name}"`, `"${path}"`);
    assets.set(path, asset);
  }
  assets.set("/", await assetOf(new TextEncoder().encode(page), "text/html; charset=utf-8", "no-cache"));
  return (request) => {
    const asset = assets.get(pathOf(request));
    if (asset === undefined || (request.method !== "GET" && request.method !== "HEAD")) return undefined;
    return serve(asset, request);
  };
}

function serve({ type, etag, caching, plain, gzipped }: Asset, { method, headers }: Request): Response {
  const known = { ...SAFE, etag, "cache-control": caching, vary: "accept-encoding" };
  const seen = (headers.get("if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (seen.includes(etag)) return new Response(null, { status: 304, headers: known });
  const zipped = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(headers.get("accept-encoding") ?? "");
  const body = zipped ? gzipped : plain;
  return new Response(method === "HEAD" ? null : body, {
    headers: {
      ...known,
      "content-type": type,
      "content-length": String(body.length),
      ...(zipped ? { "content-encoding": "gzip" } : {}),
    },
  });
}

async function assetOf(bytes: Uint8Array, type: string, caching: string): Promise<Asset> {
  const etag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
  return { type, etag, caching, plain: new Uint8Array(bytes), gzipped: new Uint8Array(await zip(bytes, { level: 9 })) };
}

const zip = promisify<Uint8Array, { level: number }, Uint8Array>(gzip);
