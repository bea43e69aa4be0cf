import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type ApiKey, formatApiKey } from "../../shared/api_key.ts";
import { createLogger } from "../../shared/logger.ts";
import { callerNow, reaches } from "../core/access/caller.ts";
import { KeyRing } from "../core/access/key_ring.ts";
import type { KeyRow, KeyStore } from "../core/access/keys.ts";
import { VERBS } from "../core/access/rights.ts";
import type { Store } from "../core/segments/store.ts";
import type { Upkeep } from "../core/cluster/upkeep.ts";
import { createRpc } from "./connect.ts";
import { guard } from "./guard.ts";
import { isListed, needOf } from "./needs.ts";
import { createRest } from "./rest.ts";
import { createSessionCookies } from "./session_cookie.ts";

const METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"];
const lines: string[] = [];
const log = createLogger("info", (line) => lines.push(line));

/** Every route and RPC that the gateway has, as it says itself; no request reaches one here. */
function routes(): { method: string; path: string }[] {
  const store = {} as Store;
  const kept = undefined;
  const readiness = () => Promise.reject(new Error("not asked"));
  const rest = createRest(store, { readiness, metrics: () => Promise.resolve(""), kept }, log);
  const rpc = createRpc(store, {} as Upkeep, {} as KeyStore, kept, log);
  const plain = rest.routes.flatMap(({ method, path }) => {
    const sample = path.replace("/:bucket/*", "/demo/a/b").replace(/:\w+/, "x").replace("*", "x");
    return (method === "ALL" ? METHODS : [method]).map((one) => ({ method: one, path: sample }));
  });
  assert.ok(rpc.paths.length > 30 && plain.length > 20);
  return [...plain, ...rpc.paths.map((path) => ({ method: "POST", path })), { method: "GET", path: "/" }];
}

const cookies = createSessionCookies("a token for tests, at least 32 characters");
const keys = new Map<string, { key: ApiKey; row: KeyRow }>();

function makeKey(verbs: readonly string[], more: Partial<KeyRow> = {}): string {
  const key = { id: keys.size.toString(16).padStart(16, "0"), secret: crypto.getRandomValues(new Uint8Array(32)) };
  const secretHash = createHash("sha256").update(key.secret).digest();
  const dates = { createdAt: new Date(), expiresAt: null, revokedAt: null, expired: false, now: 0 };
  const row = { id: key.id, name: "", secretHash, publicKey: new Uint8Array(32), verbs, places: [], createdBy: "" };
  keys.set(key.id, { key, row: { ...row, ...dates, ...more } });
  return formatApiKey(key);
}

function ringOf(rate = 1_000_000, adminKey?: ApiKey) {
  const find = (id: string) => Promise.resolve(keys.get(id)?.row);
  return new KeyRing({ find, exists: () => Promise.resolve(keys.size > 0), adminKey, rate, now: () => 0 });
}

test("every route and RPC lets in who has the right it needs, and nobody else", async () => {
  const all = makeKey(VERBS);
  const revoked = makeKey(VERBS, { revokedAt: new Date() });
  const expired = makeKey(VERBS, { expired: true });
  const only = new Map(VERBS.map((verb) => [verb, makeKey([verb])]));
  const allBut = new Map(VERBS.map((verb) => [verb, makeKey(VERBS.filter((other) => other !== verb))]));
  for (const { method, path } of routes()) {
    const need = needOf(method, path);
    const reached: string[] = [];
    // Each with a ring and an address of its own: wrong keys are counted.
    const door = guard(ringOf(), cookies, (request) => {
      reached.push(need === "nothing" ? "" : callerNow().keyId);
      assert.equal(new URL(request.url).pathname, path);
      return Promise.resolve(new Response("in"));
    }, log);
    const ask = async (key?: string) => {
      const headers = { "content-type": "application/json", ...(key === undefined ? {} : { authorization: key }) };
      const { status } = await door(new Request(`http://gateway${path}`, { method, headers }), "here");
      return { status, reached: reached.splice(0).length };
    };
    const what = `${method} ${path} needs ${need}`;
    if (need === "nothing") {
      assert.deepEqual(await ask(), { status: 200, reached: 1 }, what);
      continue;
    }
    const wrong = `${all.slice(0, -4)}${all.endsWith("AAAA") ? "BBBB" : "AAAA"}`;
    const strangers = [undefined, "", "Bearer", all, `Basic ${all}`, `Bearer ${wrong}`, "Bearer x"];
    for (const key of [...strangers, `Bearer ${revoked}`, `Bearer ${expired}`]) {
      assert.deepEqual(await ask(key), { status: 401, reached: 0 }, `${what}, key ${key}`);
    }
    assert.deepEqual(await ask(`Bearer ${allBut.get(need)}`), { status: 403, reached: 0 }, what);
    assert.deepEqual(await ask(`Bearer ${only.get(need)}`), { status: 200, reached: 1 }, what);
  }
});

test("no route is without its line; what is looked at by nobody is how the gateway is, and the console's page", () => {
  const open = new Set<string>();
  for (const { method, path } of routes()) {
    // The route of all other paths answers that there is nothing, and that to admins alone.
    if (path === "/x") assert.equal(needOf(method, path), "admin");
    else assert.ok(METHODS.some((one) => isListed(one, path)), `add ${method} ${path} to api/needs.ts`);
    if (needOf(method, path) === "nothing") open.add(path);
  }
  assert.deepEqual([...open].sort(), ["/", "/healthz", "/readyz"]);
});

test("before there is a key, all are let in; a key of the settings alone makes all need one", async () => {
  const none = new KeyRing({
    find: () => Promise.resolve(undefined),
    exists: () => Promise.resolve(false),
    adminKey: undefined,
    rate: 1,
    now: () => 0,
  });
  assert.equal((await none.callerOf(undefined, "")).keyId, "");
  const adminKey = { id: "f".repeat(16), secret: new Uint8Array(32) };
  const ring = ringOf(10, adminKey);
  await assert.rejects(ring.callerOf(undefined, ""), { code: "unauthenticated" });
  const text = formatApiKey(adminKey);
  for (let i = 0; i < 20; i++) assert.equal((await ring.callerOf(text, "")).keyId, adminKey.id);
  await assert.rejects(ring.callerOf(text, ""), { code: "resource_exhausted" });
});

test("wrong keys are counted by address, and are not in the way of a good one from there", async () => {
  const ring = ringOf();
  const good = makeKey(["read"]);
  await ring.callerOf(good, "a");
  for (let i = 0; i < 20; i++) await assert.rejects(ring.callerOf("x", "a"), { code: "unauthenticated" });
  await assert.rejects(ring.callerOf("x", "a"), { code: "resource_exhausted" });
  await assert.rejects(ring.callerOf(makeKey(["read"]), "a"), { code: "resource_exhausted" });
  await ring.callerOf(good, "a");
  await assert.rejects(ring.callerOf("x", "b"), { code: "unauthenticated" });
});

test("a refusal and each thing that was changed is told of, with the key's id and never its secret", async () => {
  lines.length = 0;
  const key = makeKey(["write", "read"]);
  const door = guard(ringOf(), cookies, () => {
    reaches("write", "demo", "name");
    return Promise.resolve(new Response(null, { status: 201 }));
  }, log);
  const ask = (method: string, authorization: string) =>
    door(new Request("http://gateway/v1/files/demo/name", { method, headers: { authorization } }), "10.0.0.1");
  await ask("PUT", `Bearer ${key}`);
  await ask("GET", `Bearer ${key}`);
  await ask("DELETE", `Bearer ${key}`);
  await ask("PUT", `Bearer ${key.slice(0, -9)}abcdefghi`);
  const told = lines.map((line) => JSON.parse(line)).map(({ keyId, action, buckets, outcome, address }) => {
    return [keyId === "" ? "" : key.includes(keyId), action, buckets.join(), outcome, address];
  });
  const route = "/v1/files/{bucket}/{key}";
  assert.deepEqual(told, [
    [true, `PUT ${route}`, "demo", 201, "10.0.0.1"],
    [true, `DELETE ${route}`, "", "permission_denied", "10.0.0.1"],
    ["", `PUT ${route}`, "", "unauthenticated", "10.0.0.1"],
  ]);
  assert.doesNotMatch(lines.join(""), new RegExp(`${key.slice(24, 40)}|"name`));
});

test("the console signs in with a key; its cookie does what the key may, from its own pages, until the key ends", async () => {
  const key = makeKey(["read", "delete"]);
  const door = guard(ringOf(), cookies, () => Promise.resolve(new Response(callerNow().keyId)), log);
  const page = { origin: "https://s.example", host: "s.example", "sec-fetch-site": "same-origin" };
  const ask = async (method: string, path: string, headers: Record<string, string>, body?: string) => {
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    return await door(new Request(`http://gateway${path}`, init), "c");
  };
  const session = "/v1/session";
  assert.equal((await ask("POST", session, page, "x")).status, 401);
  assert.equal((await ask("POST", session, { ...page, "sec-fetch-site": "cross-site" }, key)).status, 403);
  const signedIn = await ask("POST", session, page, key);
  assert.equal(signedIn.status, 204);
  const set = signedIn.headers.get("set-cookie") ?? "";
  assert.match(set, /HttpOnly; SameSite=Strict; Secure$/);
  assert.ok(!set.includes(key.slice(25)));
  const cookie = set.split(";")[0] ?? "";
  const file = "/v1/files/demo/a";
  assert.deepEqual(await (await ask("GET", session, { cookie })).json(), { keysInUse: true, keyId: key.slice(8, 24) });
  assert.equal(await (await ask("GET", file, { cookie })).text(), key.slice(8, 24));
  assert.equal((await ask("DELETE", file, { ...page, cookie })).status, 200);
  assert.equal((await ask("PUT", file, { ...page, cookie })).status, 403);
  for (const site of ["cross-site", "same-site", "none"]) {
    assert.equal((await ask("DELETE", file, { ...page, cookie, "sec-fetch-site": site })).status, 403);
  }
  assert.equal((await ask("DELETE", file, { cookie })).status, 403);
  assert.equal((await ask("GET", file, { cookie: `${cookie}x` })).status, 401);
  // A key in the header is what counts.
  assert.equal((await ask("GET", file, { cookie, authorization: "Bearer x" })).status, 401);
  assert.match((await ask("DELETE", session, { ...page, cookie })).headers.get("set-cookie") ?? "", /Max-Age=0/);
  const known = keys.get(key.slice(8, 24));
  assert.ok(known);
  keys.set(key.slice(8, 24), { ...known, row: { ...known.row, revokedAt: new Date() } });
  const later = guard(ringOf(), cookies, () => Promise.resolve(new Response("in")), log);
  assert.equal((await later(new Request(`http://gateway${file}`, { headers: { cookie } }), "c")).status, 401);
});
