/** A key's secret as an Ed25519 seed: what can be checked without it. */
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, verify } from "node:crypto";

/** A seed becomes a private key of PKCS #8 behind these bytes. */
const PKCS8 = Uint8Array.fromHex("302e020100300506032b657004220420");

/** The public key of a seed. */
export function publicKeyOf(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const key = createPrivateKey({ key: Buffer.from([...PKCS8, ...seed]), format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return Uint8Array.from(Buffer.from(x, "base64url"));
}

/** Whether the owner of a public key has signed these bytes. */
export function isSignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(publicKey).toString("base64url");
  return verify(null, bytes, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }), signature);
}
