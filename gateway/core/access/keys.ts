/** API keys: made, listed, revoked. */
import { createHash, randomBytes } from "node:crypto";
import { formatApiKey } from "../../../shared/api_key.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { hasKeys, insertKey, type KeyRow, listKeys, revokeKey } from "../../db/api_keys.ts";
import type { Sql } from "../../db/database.ts";
import { callerNow } from "./caller.ts";
import { publicKeyOf } from "./key_pair.ts";
import type { KeyRing } from "./key_ring.ts";
import { checkRights } from "./rights.ts";

export type { KeyRow };

/** Where keys are kept. */
export interface KeyStore {
  readonly sql: Sql;
  readonly ring: Pick<KeyRing, "inUse">;
}

/** What is asked for. */
export interface KeyRequest {
  readonly name: string;
  readonly verbs: readonly string[];
  /** Each a bucket, a slash and what keys begin with; none for everywhere. */
  readonly places: readonly string[];
  /** How long it is valid; 0 for ever. */
  readonly seconds: number;
}

const MOST_NAME = 100;
const MOST_SECONDS = 100 * 365 * 86_400;
const MAX_PAGE = 1000;
const ID = /^[0-9a-f]{16}$/;

/**
 * Makes a key. Its text is in the answer, and nowhere else.
 * @throws SixfoldError `invalid_argument`; `failed_precondition` when it is the first key and could not make another
 */
export async function createKey(
  { sql, ring }: KeyStore,
  request: KeyRequest,
): Promise<{ readonly row: KeyRow; readonly text: string }> {
  const { name, seconds } = request;
  if (name.length === 0 || name.length > MOST_NAME || name.includes("\0") || !name.isWellFormed()) {
    throw new SixfoldError("invalid_argument", `give the key a name of at most ${MOST_NAME} characters`);
  }
  if (!(seconds >= 0 && seconds <= MOST_SECONDS)) {
    throw new SixfoldError("invalid_argument", `a key is valid for at most ${MOST_SECONDS} seconds, or 0 for ever`);
  }
  const rights = checkRights(request.verbs, request.places);
  // Once there is a key, nothing goes without: the first one must be able to make the others, and must not end.
  if (!(rights.verbs.has("admin") && seconds === 0) && !(await ring.inUse()) && !(await hasKeys(sql))) {
    throw new SixfoldError("failed_precondition", "the first key must have the right admin and no end; make it first");
  }
  const id = randomBytes(8).toString("hex");
  const secret = new Uint8Array(randomBytes(32));
  const row = await insertKey(sql, {
    id,
    name,
    secretHash: new Uint8Array(createHash("sha256").update(secret).digest()),
    publicKey: publicKeyOf(secret),
    verbs: [...rights.verbs],
    places: rights.places,
    createdBy: callerNow().keyId,
  }, seconds === 0 ? null : seconds);
  return { row, text: formatApiKey({ id, secret }) };
}

/** A page of all keys, also of those that are not valid any more. @param after the last id of the page before */
export async function keyPage(
  { sql }: KeyStore,
  after: string,
  limit: number,
): Promise<{ readonly rows: readonly KeyRow[]; readonly next: string }> {
  if (after !== "" && !ID.test(after)) {
    throw new SixfoldError("invalid_argument", "the page token is not one of an earlier answer");
  }
  const most = Math.min(limit || MAX_PAGE, MAX_PAGE);
  const rows = await listKeys(sql, after, most + 1);
  const page = rows.slice(0, most);
  return { rows: page, next: rows.length > most ? page.at(-1)?.id ?? "" : "" };
}

/** Ends a key: within five seconds no gateway takes it any more. @throws SixfoldError `not_found` */
export async function endKey({ sql }: KeyStore, id: string): Promise<void> {
  if (ID.test(id) && await revokeKey(sql, id)) return;
  throw new SixfoldError("not_found", "there is no API key with this id; an id has 16 hex digits");
}
