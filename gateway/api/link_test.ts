import assert from "node:assert/strict";
import { createPrivateKey, sign } from "node:crypto";
import { test } from "node:test";
import { formatApiKey } from "../../shared/api_key.ts";
import { linkBytes, writeLink } from "../../shared/signed_link.ts";
import { publicKeyOf } from "../core/access/key_pair.ts";
import { KeyRing } from "../core/access/key_ring.ts";
import type { KeyRow } from "../core/access/keys.ts";
import { linkOf } from "./link.ts";

const secret = crypto.getRandomValues(new Uint8Array(32));
const id = "0123456789abcdef";
const NOW = 1_700_000_000;

function ringOf(more: Partial<KeyRow> = {}) {
  const dates = { createdAt: new Date(), expiresAt: null, revokedAt: null, expired: false, now: NOW };
  const row = { id, name: "", secretHash: new Uint8Array(32), publicKey: publicKeyOf(secret), createdBy: "", ...dates };
  const find = () => Promise.resolve({ ...row, verbs: ["read", "write", "admin"], places: [], ...more });
  return new KeyRing({ find, exists: () => Promise.resolve(true), adminKey: undefined, rate: 1000, now: () => 5 });
}

interface Terms {
  readonly method?: "GET" | "PUT";
  readonly expires?: number;
  readonly size?: number;
  readonly type?: string;
}

function queryOf({ method = "GET", expires = NOW + 10, size, type }: Terms = {}): string {
  const terms = { method, bucket: "demo", key: "a/b c", expires, size, type };
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), secret]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return writeLink({ keyId: id, terms, signature: new Uint8Array(sign(null, linkBytes(id, terms), key)) });
}

async function come(method: string, path: string, headers: Record<string, string> = {}, more: Partial<KeyRow> = {}) {
  const link = linkOf(new Request(`http://gateway${path}`, { method, headers }));
  assert.ok(link);
  const { keyId, rights } = await ringOf(more).callerOfLink(link, "");
  return [keyId, [...rights.verbs]];
}

const FILE = "/v1/files/demo/a/b%20c";
const refused = { code: "unauthenticated" };

test("a link does what it says, with the file that it names, for as long as it says", async () => {
  assert.deepEqual(await come("GET", `${FILE}?${queryOf()}`), [id, ["read"]]);
  assert.deepEqual(await come("HEAD", `${FILE}?${queryOf()}`), [id, ["read"]]);
  assert.deepEqual(await come("PUT", `${FILE}?${queryOf({ method: "PUT" })}`), [id, ["write"]]);
  assert.equal(linkOf(new Request(`http://gateway${FILE}`)), undefined);
  for (
    const ask of [
      () => come("PUT", `${FILE}?${queryOf()}`),
      () => come("DELETE", `${FILE}?${queryOf()}`),
      () => come("GET", `${FILE}?${queryOf({ method: "PUT" })}`),
      () => come("GET", `/v1/files/demo/a/b?${queryOf()}`),
      () => come("GET", `/v1/files/other/a/b%20c?${queryOf()}`),
      () => come("GET", `/v1/files?bucket=demo&${queryOf()}`),
      () => come("GET", `${FILE}?${queryOf().replace(/expires=\d+/, `expires=${NOW + 99}`)}`),
      () =>
        come("PUT", `${FILE}?${queryOf({ method: "PUT", size: 5 }).replace("size=5", "size=6")}`, {
          "content-length": "6",
        }),
      () => come("GET", `${FILE}?${queryOf()}&sixfold-expires=${NOW + 99}`),
      () => come("GET", `${FILE}?${queryOf({ expires: NOW })}`),
      () => come("GET", `${FILE}?sixfold-signature=x`),
    ]
  ) {
    await assert.rejects(async () => await ask(), refused);
  }
});

test("a link can do no more than its key, and ends with it", async () => {
  assert.deepEqual(await come("GET", `${FILE}?${queryOf()}`, {}, { verbs: ["write"] }), [id, []]);
  await assert.rejects(come("GET", `${FILE}?${queryOf()}`, {}, { revokedAt: new Date() }), refused);
  await assert.rejects(come("GET", `${FILE}?${queryOf()}`, {}, { expired: true }), refused);
  await assert.rejects(
    come("GET", `${FILE}?${queryOf()}`, {}, { publicKey: publicKeyOf(new Uint8Array(32)) }),
    refused,
  );
  // The secret itself is in no link.
  assert.doesNotMatch(queryOf(), new RegExp(formatApiKey({ id, secret }).slice(24)));
});

test("a link for a body says how large it may be and of what type", async () => {
  const path = `${FILE}?${queryOf({ method: "PUT", size: 5, type: "image/png" })}`;
  const good = { "content-length": "5", "content-type": "image/png" };
  assert.deepEqual(await come("PUT", path, good), [id, ["write"]]);
  await assert.rejects(come("PUT", path, { ...good, "content-length": "6" }), { detail: "TOO_LARGE" });
  await assert.rejects(come("PUT", path, { "content-type": "image/png" }), { code: "invalid_argument" });
  await assert.rejects(come("PUT", path, { ...good, "content-type": "text/html" }), { code: "invalid_argument" });
});
