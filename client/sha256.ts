/** SHA-256 on every platform, each time by the fastest that it has. */
import { sha256 as portable } from "@noble/hashes/sha2.js";
import { builtin } from "./runtime.ts";

/** A running SHA-256. */
export interface Sha256 {
  /** Adds bytes; they may change afterwards. */
  update(bytes: Uint8Array): void;
  /** The 32 bytes over all that was added. Ask once. */
  digest(): Uint8Array;
}

const crypto_ = builtin("node:crypto");

/** Begins a SHA-256 of bytes that come piece by piece. */
export function beginSha256(): Sha256 {
  const hash = crypto_?.createHash("sha256") ?? portable.create();
  return { update: (bytes) => void hash.update(bytes), digest: () => Uint8Array.from(hash.digest()) };
}

/** SHA-256 of bytes that are all there. Browsers do it off the main thread, where the page is a secure one. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (crypto_ === undefined && globalThis.crypto?.subtle !== undefined) {
    return new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
  }
  // Of few bytes, a hash object of Node's takes longer than their hash.
  return crypto_ === undefined ? portable(bytes) : Uint8Array.from(crypto_.hash("sha256", bytes, "buffer"));
}
