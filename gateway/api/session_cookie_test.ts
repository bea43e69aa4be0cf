import assert from "node:assert/strict";
import { test } from "node:test";
import { createSessionCookies, isFromOwnPage } from "./session_cookie.ts";

const ID = "0123456789abcdef";
const token = "a token for tests, at least 32 characters";

test("a cookie signs in at every gateway of the cluster, for twelve hours, and nobody else can make one", () => {
  let now = 1_700_000_000_000;
  const cookies = createSessionCookies(token, () => now);
  const [cookie = ""] = cookies.write(ID, true).split(";");
  const read = (text: string, by = cookies) => by.read(new Headers({ cookie: text }));
  assert.equal(read(cookie), ID);
  assert.equal(read(`a=b; ${cookie}; c=d`, createSessionCookies(token, () => now)), ID);
  assert.equal(read(cookie, createSessionCookies(`${token}!`, () => now)), undefined);
  assert.equal(read(cookie.replace(ID, ID.replace("0", "1"))), undefined);
  assert.equal(read(cookie.replace(".17", ".18")), undefined);
  assert.equal(read(`x${cookie}`), undefined);
  assert.equal(cookies.read(new Headers()), undefined);
  now += 12 * 3_600_000;
  assert.equal(read(cookie), undefined);
  assert.match(cookies.write(ID, true), /; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  assert.match(cookies.write(ID, false), /; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.match(cookies.clear(), /^sixfold-session=; Max-Age=0; /);
});

test("what changes something comes from a page of the gateway's own", () => {
  const ask = (method: string, headers: Record<string, string>) =>
    isFromOwnPage(new Request("http://gateway/", { method, headers: { host: "s.example:8080", ...headers } }));
  assert.equal(ask("GET", { "sec-fetch-site": "none" }), true);
  assert.equal(ask("POST", { "sec-fetch-site": "same-origin", origin: "https://proxied.example" }), true);
  assert.equal(ask("POST", { origin: "http://s.example:8080" }), true);
  for (
    const headers of [
      {},
      { origin: "null" },
      { origin: "http://s.example" },
      { origin: "http://evil.example" },
      { "sec-fetch-site": "same-site", origin: "http://s.example:8080" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "none" },
    ]
  ) {
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) assert.equal(ask(method, headers), false);
  }
});
