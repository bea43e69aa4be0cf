/** API keys over RPC: messages in, core calls, messages out. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { KeyService } from "../../shared/gen/sixfold/v1/keys_pb.ts";
import { createKey, endKey, keyPage, type KeyRow, type KeyStore } from "../core/access/keys.ts";

/** The RPCs of keys. */
export function keyRpcs(keys: KeyStore): ServiceImpl<typeof KeyService> {
  return {
    async createKey({ name, verbs, places, lifetimeSeconds }) {
      const request = { name, verbs, places, seconds: Number(lifetimeSeconds) };
      const { row, text } = await createKey(keys, request);
      return { key: keyMessage(row), apiKey: text };
    },
    async listKeys({ pageToken, limit }) {
      const { rows, next } = await keyPage(keys, pageToken, limit);
      return { keys: rows.map(keyMessage), nextPageToken: next };
    },
    async revokeKey({ id }) {
      await endKey(keys, id);
      return {};
    },
  };
}

function keyMessage({ id, name, verbs, places, createdAt, createdBy, expiresAt, revokedAt, expired }: KeyRow) {
  return {
    id,
    name,
    verbs: [...verbs],
    places: [...places],
    createdAt: timestampFromDate(createdAt),
    createdBy,
    ...(expiresAt === null ? {} : { expiresAt: timestampFromDate(expiresAt) }),
    ...(revokedAt === null ? {} : { revokedAt: timestampFromDate(revokedAt) }),
    valid: revokedAt === null && !expired,
  };
}
