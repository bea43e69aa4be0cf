/** Certificates from files: read at the start, and again when the files have changed. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { SixfoldError } from "./errors.ts";
import type { Logger } from "./logger.ts";

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
    const [cert, key] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
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
 * Reads the certificates of those who vouch for others.
 * @throws SixfoldError `failed_precondition` when the file cannot be read, or has none
 */
export async function readAuthorities(file: string): Promise<{ readonly cert: string }> {
  try {
    const cert = await readFile(file, "utf8");
    void new X509Certificate(cert);
    return { cert };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause;
    const message = `who vouches for daemons cannot be read (${why}); look at SIXFOLD_HOP_CA_FILE, a file in PEM`;
    throw new SixfoldError("failed_precondition", message, { cause });
  }
}

/**
 * Looks at the files now and then. A pair that cannot be used changes nothing: it may be half written.
 * @param changed is given each new certificate
 * @param everyMs how often
 * @returns ends the looking
 */
export function followCertificate<C extends { readonly cert: string }>(
  read: () => Promise<C>,
  first: C,
  changed: (certificate: C) => void,
  log: Logger,
  everyMs = LOOK_MS,
): () => void {
  let now = first;
  const look = async () => {
    const next = await read();
    if (JSON.stringify(next) === JSON.stringify(now)) return;
    now = next;
    changed(next);
    log.info("the certificate has changed", { validTo: new X509Certificate(next.cert).validTo });
  };
  const timer = setInterval(() => {
    look().catch((error) => log.warn("the new certificate is not taken; the one before stays", { error }));
  }, everyMs);
  return () => clearInterval(timer);
}
