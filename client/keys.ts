/** API keys of a cluster: made, listed, revoked. */
import { callRpc, type Gateways } from "./gateways.ts";

/** What is known of a key. */
export interface KeyInfo {
  readonly id: string;
  readonly name: string;
  readonly verbs: readonly string[];
  /** Each a bucket, a slash and what keys begin with; none for everywhere. */
  readonly places: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  /** Whether it is taken now. */
  readonly valid: boolean;
}

/** What a key may do, where, and for how long. */
export interface KeyOptions {
  /** For people. */
  readonly name: string;
  /** `read`, `write`, `delete`, `observe`, `admin`. */
  readonly verbs: readonly string[];
  /** Places such as `photos` or `photos/2025/`; everywhere by default. */
  readonly places?: readonly string[];
  /** For ever by default. */
  readonly lifetimeSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Makes a key. Its text is nowhere else than in the answer. @throws SixfoldError */
export async function createKey(
  gateways: Gateways,
  { name, verbs, places = [], lifetimeSeconds = 0, signal }: KeyOptions,
): Promise<{ readonly key: KeyInfo; readonly text: string }> {
  const request = { name, verbs, places, lifetimeSeconds: String(lifetimeSeconds) };
  // Never twice: a key that was made and whose answer was lost would stay.
  const { key, apiKey } = await callRpc(gateways, "KeyService/CreateKey", request, { signal, patienceMs: -1 });
  return { key: keyOf(key), text: String(apiKey) };
}

/** All keys, also those that are revoked or have expired. @throws SixfoldError */
export async function* listKeys(
  gateways: Gateways,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<KeyInfo> {
  let pageToken = "";
  do {
    const page = await callRpc(gateways, "KeyService/ListKeys", { pageToken }, { signal });
    for (const key of Array.isArray(page["keys"]) ? page["keys"] : []) yield keyOf(key);
    pageToken = String(page["nextPageToken"] ?? "");
  } while (pageToken !== "");
}

/** Ends a key, for good. @throws SixfoldError `not_found` */
export async function revokeKey(
  gateways: Gateways,
  id: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  await callRpc(gateways, "KeyService/RevokeKey", { id }, { signal });
}

function keyOf(json: unknown): KeyInfo {
  const { id, name, verbs, places, createdAt, expiresAt, revokedAt, valid }: Record<string, unknown> = {
    ...Object(json),
  };
  const date = (value: unknown) => value === undefined ? undefined : new Date(String(value));
  const texts = (value: unknown) => Array.isArray(value) ? value.map(String) : [];
  return {
    id: String(id),
    name: String(name ?? ""),
    verbs: texts(verbs),
    places: texts(places),
    createdAt: date(createdAt) ?? new Date(0),
    expiresAt: date(expiresAt),
    revokedAt: date(revokedAt),
    valid: valid === true,
  };
}
