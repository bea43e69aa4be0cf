/**
 * The console's sign-in: a cookie that scripts cannot read and that other sites cannot have sent. It says which key has
 * signed in and until when, under a MAC that every gateway of the cluster can check, and never has the key's secret. It
 * ends with its key.
 */
import { Buffer } from "node:buffer";
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** Makes and reads such cookies. */
export interface SessionCookies {
  /** The header's value that signs a key in. @param secure whether the browser came by TLS */
  write(keyId: string, secure: boolean): string;
  /** The header's value that signs out. */
  clear(): string;
  /** The id of the key that has signed in; undefined where none has, or where it was too long ago. */
  read(headers: Headers): string | undefined;
}

const NAME = "sixfold-session";
const SECONDS = 12 * 3600;
const ALL = "Path=/; HttpOnly; SameSite=Strict";
const FORM = new RegExp(`(?:^|;)\\s*${NAME}=([0-9a-f]{16})\\.(\\d{10})\\.([\\w-]{43})\\s*(?:;|$)`);

/** @param clusterToken what all gateways share @param now a clock in ms since 1970 */
export function createSessionCookies(clusterToken: string, now: () => number = Date.now): SessionCookies {
  const secret = new Uint8Array(hkdfSync("sha256", clusterToken, "", "sixfold console session", 32));
  const macOf = (keyId: string, until: string) => createHmac("sha256", secret).update(`${keyId}.${until}`).digest();
  return {
    write(keyId, secure) {
      const until = String(Math.floor(now() / 1000) + SECONDS);
      const value = `${keyId}.${until}.${macOf(keyId, until).toString("base64url")}`;
      return `${NAME}=${value}; Max-Age=${SECONDS}; ${ALL}${secure ? "; Secure" : ""}`;
    },
    clear: () => `${NAME}=; Max-Age=0; ${ALL}`,
    read(headers) {
      const [, keyId = "", until = "", mac = ""] = FORM.exec(headers.get("cookie") ?? "") ?? [];
      if (keyId === "" || Number(until) * 1000 <= now()) return undefined;
      const given = Buffer.from(mac, "base64url");
      return given.length === 32 && timingSafeEqual(given, macOf(keyId, until)) ? keyId : undefined;
    },
  };
}

/**
 * Whether a request that a browser sends by itself comes from a page of this gateway. Where it only looks, that the cookie
 * came at all says so.
 */
export function isFromOwnPage({ method, headers }: Request): boolean {
  if (method === "GET" || method === "HEAD") return true;
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = headers.get("origin");
  return origin !== null && URL.canParse(origin) && new URL(origin).host === headers.get("host");
}
