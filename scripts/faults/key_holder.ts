/** A cluster of its own that asks for API keys, and what a holder of keys does with them. */
import { Buffer } from "node:buffer";
import { createPrivateKey, sign } from "node:crypto";
import { type ApiKey, formatApiKey, parseApiKey } from "../../shared/api_key.ts";
import { linkBytes, type LinkTerms, writeLink } from "../../shared/signed_link.ts";
import { untilWhole } from "../audit.ts";
import { LocalCluster } from "../local_cluster.ts";
import { until } from "../programs.ts";
import { ask } from "./ask.ts";
import { Ledger } from "./ledger.ts";
import { HASTE } from "./stage.ts";

const DAEMONS = 3;
const SETTLE_MS = 60_000;
/** An Ed25519 seed becomes a private key of PKCS #8 behind these bytes. */
const PKCS8 = Uint8Array.fromHex("302e020100300506032b657004220420");

/** What came back. */
export type Asked = Awaited<ReturnType<typeof ask>>;

/** See above. */
export class KeyHolder implements AsyncDisposable {
  private constructor(readonly cluster: LocalCluster, readonly url: string, readonly admin: string) {}

  /** Starts the cluster. Its first key is one that its gateway was given. */
  static async open(): Promise<KeyHolder> {
    const cluster = await LocalCluster.open();
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const admin = formatApiKey({ id: "0123456789abcdef", secret });
    const url = await cluster.addGateway({ ...HASTE, SIXFOLD_ADMIN_KEY: admin });
    for (let i = 0; i < DAEMONS; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`);
    await cluster.seen(url);
    return new KeyHolder(cluster, url, admin);
  }

  /** A request with a key, or with none where it is empty. */
  async rest(method: string, path: string, key: string, body?: BodyInit): Promise<Asked> {
    return await ask(this.url + path, { method, headers: bearer(key), ...(body === undefined ? {} : { body }) });
  }

  /** A call of an RPC as JSON. */
  async rpc(method: string, key: string, message: object): Promise<Asked> {
    return await ask(`${this.url}/sixfold.v1.${method}`, {
      method: "POST",
      body: JSON.stringify(message),
      headers: { "content-type": "application/json", ...bearer(key) },
    });
  }

  /** Makes a key. @returns its text */
  async make(verbs: readonly string[], places: readonly string[] = [], lifetimeSeconds = 0): Promise<string> {
    const { text } = await this.rpc("KeyService/CreateKey", this.admin, { name: "x", verbs, places, lifetimeSeconds });
    return JSON.parse(text).apiKey;
  }

  /** Ends a key, and waits until the gateway knows. */
  async revoke(key: string): Promise<void> {
    await this.rpc("KeyService/RevokeKey", this.admin, { id: partsOf(key).id });
    await this.ended(key);
  }

  /** Waits until a key is not taken any more. */
  async ended(key: string): Promise<void> {
    await until("a key goes on", 10_000, async () => (await this.rest("GET", "/v1/files/own/a", key)).status === 401);
  }

  /** A link, as docs/keys.md tells who signs one in any language. */
  link(key: string, terms: Partial<LinkTerms>, seconds = 600): string {
    const { id, secret } = partsOf(key);
    const expires = Math.floor(Date.now() / 1000) + seconds;
    const all: LinkTerms = {
      method: "GET",
      bucket: "own",
      key: "a",
      size: undefined,
      type: undefined,
      expires,
      ...terms,
    };
    const signer = createPrivateKey({ key: Buffer.from([...PKCS8, ...secret]), format: "der", type: "pkcs8" });
    const signature = new Uint8Array(sign(null, linkBytes(id, all), signer));
    return `/v1/files/${all.bucket}/${all.key}?${writeLink({ keyId: id, terms: all, signature })}`;
  }

  /** Waits until the disks hold what the rows name, and nothing else. */
  async settle(): Promise<void> {
    const ledger = new Ledger(this.cluster.postgres.url);
    const folders = this.cluster.daemons.map(({ folder }) => folder);
    try {
      await ledger.endLeases();
      await untilWhole(this.cluster.postgres.url, folders, SETTLE_MS, async () => {
        const rest = await ledger.endGrace();
        return rest === 0 ? [] : [`${rest} uploads and chunks are to be cleaned up`];
      });
    } finally {
      await ledger.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** A key's parts. */
export function partsOf(key: string): ApiKey {
  const parts = parseApiKey(key);
  if (parts === undefined) throw new Error("this is no key");
  return parts;
}

function bearer(key: string): Record<string, string> {
  return key === "" ? {} : { authorization: `Bearer ${key}` };
}
