import assert from "node:assert/strict";
import { test } from "node:test";
import { allowOrigins } from "./cors.ts";
import { WholeAnswer } from "./whole_answer.ts";

test("an answer that is all here is sent as it was given, and is a Response for who looks", async () => {
  const bytes = new TextEncoder().encode("abc");
  const answer = new WholeAnswer(206, { "content-type": "text/plain", etag: '"1"' }, bytes);
  assert.deepEqual(answer.asGiven, { headers: { "content-type": "text/plain", etag: '"1"' }, bytes });
  assert.deepEqual([answer.status, answer.headers.get("etag"), await answer.text()], [206, '"1"', "abc"]);
});

test("headers that were added to it on its way are sent", async () => {
  const door = allowOrigins(["https://a.example"], () => {
    return Promise.resolve(new WholeAnswer(200, { etag: '"1"' }, new Uint8Array(0)));
  });
  const answer = await door(new Request("http://gateway/", { headers: { origin: "https://a.example" } }), "");
  assert.ok(answer instanceof WholeAnswer);
  assert.deepEqual(answer.asGiven.headers, {
    "access-control-allow-origin": "https://a.example",
    "access-control-expose-headers": "*",
    etag: '"1"',
    vary: "origin",
  });
});
