import assert from "node:assert/strict";
import { test } from "node:test";
import { allowOrigins } from "./cors.ts";

const door = () => Promise.resolve(new Response("in"));

async function ask(origin: string | undefined, method: string, more: Record<string, string> = {}) {
  const headers = { ...(origin === undefined ? {} : { origin }), ...more };
  return await allowOrigins(["https://a.example"], door)(new Request("http://gateway/", { method, headers }), "");
}

test("an origin that is listed hears that it may, exactly; all others hear nothing of it", async () => {
  const question = { "access-control-request-method": "PUT", "access-control-request-headers": "authorization,x-a" };
  const told = await ask("https://a.example", "OPTIONS", question);
  assert.equal(told.status, 204);
  assert.equal(told.headers.get("access-control-allow-origin"), "https://a.example");
  assert.equal(told.headers.get("access-control-allow-headers"), "authorization,x-a");
  assert.match(told.headers.get("access-control-allow-methods") ?? "", /PUT/);
  assert.equal((await ask("https://a.example", "GET")).headers.get("access-control-allow-origin"), "https://a.example");
  const strangers = ["https://a.example.org", "http://a.example", "https://a.example:444", "null", "*", undefined];
  for (const origin of strangers) {
    for (const response of [await ask(origin, "OPTIONS", question), await ask(origin, "GET")]) {
      assert.equal(response.headers.get("access-control-allow-origin"), null);
      assert.equal(response.headers.get("vary"), "origin");
      assert.equal(await response.text(), "in");
    }
  }
  for (const response of [told]) assert.equal(response.headers.get("access-control-allow-credentials"), null);
});
