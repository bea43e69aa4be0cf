import assert from "node:assert/strict";
import { openConsole } from "./console.ts";

const console = await openConsole(new URL("../", import.meta.url));
const ask = (path: string, init: RequestInit = {}) => console(new Request(`http://gateway${path}`, init));

Deno.test("the page names its parts by what is in them, and each is served for ever", async () => {
  const page = await ask("/")?.text() ?? "";
  const parts = [...page.matchAll(/"(\/console\/[a-z]+\.[0-9a-f]{16}\.[a-z]+)"/g)].map(([, path]) => path ?? "");
  assert.deepEqual(parts.map((path) => path.split(".").pop()), ["svg", "css", "js"]);
  for (const path of parts) assert.match(ask(path)?.headers.get("cache-control") ?? "", /immutable/);
});

Deno.test("what is known already is not sent again, and what is sent is gzipped where that is read", async () => {
  const whole = ask("/");
  const etag = whole?.headers.get("etag") ?? "";
  assert.equal(ask("/", { headers: { "if-none-match": `"x", W/${etag}` } })?.status, 304);
  const zipped = ask("/", { headers: { "accept-encoding": "br, gzip;q=0.5" } });
  assert.equal(zipped?.headers.get("content-encoding"), "gzip");
  const plain = await new Response(zipped?.body?.pipeThrough(new DecompressionStream("gzip"))).text();
  assert.equal(plain, await whole?.text());
  assert.equal(ask("/", { headers: { "accept-encoding": "gzip;q=0" } })?.headers.get("content-encoding"), null);
  assert.equal(await ask("/", { method: "HEAD" })?.text(), "");
});

Deno.test("other paths and methods are for others", () => {
  assert.equal(ask("/console/console.js"), undefined);
  assert.equal(ask("/v1/files"), undefined);
  assert.equal(ask("/", { method: "POST" }), undefined);
});
