/** Links to one file, made offline with a key's secret. */
import { parseApiKey } from "../shared/api_key.ts";
import { SixfoldError } from "../shared/errors.ts";
import { linkBytes, type LinkTerms, writeLink } from "../shared/signed_link.ts";
import { filePath, gatewayAddresses } from "./address.ts";

/** What a link gives. */
export interface LinkOptions {
  /** The address that whoever has the link reaches. */
  readonly gateway: string;
  /** The API key whose secret signs; the link can do no more than it. */
  readonly key: string;
  readonly bucket: string;
  /** The file's key. */
  readonly file: string;
  /** `GET` by default. */
  readonly method?: "GET" | "PUT";
  /** Seconds from now, by this machine's clock. */
  readonly seconds: number;
  /** For PUT: the most bytes. */
  readonly size?: number;
  /** For PUT: the content type that must be sent. */
  readonly type?: string;
}

/** An Ed25519 seed becomes a private key of PKCS #8 behind these bytes. */
const PKCS8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/**
 * Makes a link. No gateway is asked.
 * @throws SixfoldError `invalid_argument`
 */
export async function signLink(options: LinkOptions): Promise<string> {
  const { gateway, bucket, file, method = "GET", seconds, size, type } = options;
  const key = parseApiKey(options.key);
  if (key === undefined) throw new SixfoldError("invalid_argument", "the API key is none; look whether it is whole");
  if (!(seconds > 0)) throw new SixfoldError("invalid_argument", "a link is valid for some seconds");
  const expires = Math.floor(Date.now() / 1000 + seconds);
  const terms: LinkTerms = { method, bucket, key: file, expires, size, type };
  const seed = Uint8Array.from([...PKCS8, ...key.secret]);
  const signer = await crypto.subtle.importKey("pkcs8", seed, "Ed25519", false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", signer, linkBytes(key.id, terms)));
  return `${gatewayAddresses(gateway)[0]}${filePath(bucket, file)}?${writeLink({ keyId: key.id, terms, signature })}`;
}
