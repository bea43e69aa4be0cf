/** The gateway's certificate: read at the start, and again when its files have changed. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { SixfoldError } from "../shared/errors.ts";
import type { Logger } from "../shared/logger.ts";

/** A certificate with those that vouch for it, and its private key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** How often the files are looked at, in ms. */
const LOOK_MS = 10_000;

/**
 * Reads a certificate.
 * @throws SixfoldError `failed_precondition` when a file cannot be read, or the key is another one's
 */
export async function readCertificate(certFile: string, keyFile: string): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([Deno.readTextFile(certFile), Deno.readTextFile(keyFile)]);
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error("the key is not its own");
    return { cert, key };
  } catch (cause) {
    throw new SixfoldError(
      "failed_precondition",
      `the certificate cannot be used (${cause instanceof Error ? cause.message : cause}); look at ` +
        "SIXFOLD_TLS_CERT_FILE and SIXFOLD_TLS_KEY_FILE, which are files in PEM",
      { cause },
    );
  }
}

/**
 * Looks at the files now and then. A pair that cannot be used changes nothing: it may be half written.
 * @param changed is given each new certificate
 * @param everyMs how often
 * @returns ends the looking
 */
export function followCertificate(
  read: () => Promise<Certificate>,
  first: Certificate,
  changed: (certificate: Certificate) => void,
  log: Logger,
  everyMs = LOOK_MS,
): () => void {
  let now = first;
  const look = async () => {
    const next = await read();
    if (next.cert === now.cert && next.key === now.key) return;
    now = next;
    changed(next);
    log.info("the certificate has changed", { validTo: new X509Certificate(next.cert).validTo });
  };
  const timer = setInterval(() => {
    look().catch((error) => log.warn("the new certificate is not taken; the one before stays", { error }));
  }, everyMs);
  return () => clearInterval(timer);
}
