import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { createLogger } from "../shared/logger.ts";
import { isAlwaysLetIn, refuse } from "./api/refusal.ts";
import { createRequestWatch } from "./request_watch.ts";
import { openDoor } from "./server.ts";

const never = { uploads: () => false, downloads: () => false };

/**
 * A door whose requests under /wait end when they are told to; those under /unread answer without a look at their body,
 * others with it.
 */
async function door(most: number) {
  const waiting: (() => void)[] = [];
  const unread: ReadableStream<Uint8Array>[] = [];
  const opened = await openDoor({
    host: "127.0.0.1",
    port: 0,
    certificate: undefined,
    async handler(request) {
      if (request.url.endsWith("/wait")) await new Promise<void>((resolve) => waiting.push(resolve));
      if (request.url.endsWith("/unread") && request.body) {
        unread.push(request.body);
        return new Response("unread\n");
      }
      return new Response(request.body === null ? "nothing\n" : `${await request.text()}\n`);
    },
    refuse,
    always: isAlwaysLetIn,
    most,
    crowds: never,
    watch: createRequestWatch(undefined),
    log: createLogger("error", () => {}),
  });
  const url = `http://127.0.0.1:${opened.port}`;
  const waits = async (count: number) => {
    while (waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { opened, url, waits, unread, release: () => waiting.splice(0).forEach((wake) => wake()) };
}

async function talk(port: number, text: string): Promise<string> {
  let heard = "";
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (data) => heard += data).on("error", () => {}).on("close", () => resolve());
  });
  return heard;
}

test("more requests than are let in are told when to come back, each in its protocol; probes are answered", async () => {
  const { opened, url, waits, release } = await door(2);
  const running = [fetch(`${url}/wait`), fetch(`${url}/wait`)];
  await waits(2);
  const rest = await fetch(`${url}/v1/files/a/b`, { method: "PUT", body: "x" });
  assert.deepEqual([rest.status, rest.headers.get("retry-after")], [503, "1"]);
  assert.equal((await rest.json()).code, "unavailable");
  const call = (type: string) =>
    fetch(`${url}/sixfold.v1.FileService/GetFile`, { method: "POST", body: "{}", headers: { "content-type": type } });
  const unary = await call("application/json");
  assert.deepEqual([unary.status, unary.headers.get("retry-after")], [503, "1"]);
  assert.equal((await unary.json()).code, "unavailable");
  assert.match(await (await call("application/grpc-web+proto")).text(), /grpc-status: 14/);
  assert.match(await (await call("application/connect+proto")).text(), /"unavailable"/);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  release();
  for (const response of await Promise.all(running)) assert.equal(await response.text(), "nothing\n");
  assert.equal(await (await fetch(`${url}/`, { method: "POST", body: "in" })).text(), "in\n");
  await opened.close(1000);
});

test("who asks before it sends a body hears of a refusal first, and is told to go on only when the body is wanted", async () => {
  const { opened, url, waits, release } = await door(1);
  const put = (path: string) => `PUT ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n`;
  const close = "Connection: close\r\n\r\n";
  assert.match(
    await talk(opened.port, `${put("/a")}${close}abc`),
    /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*abc\n$/,
  );
  const running = fetch(`${url}/wait`);
  await waits(1);
  const refused = await talk(opened.port, `${put("/v1/files/a/b")}\r\n`);
  assert.match(refused, /^HTTP\/1\.1 503 /);
  assert.match(refused, /retry-after: 1\r\n/i);
  assert.match(refused, /connection: close\r\n/i);
  assert.doesNotMatch(refused, /100 Continue/);
  release();
  await (await running).body?.cancel();
  await opened.close(1000);
});

test("who is refused in the middle of a body hears of it, though it looks for an answer only seconds later", async () => {
  const { opened } = await door(2);
  const socket = connect(opened.port, "127.0.0.1");
  const reset = new Promise<string>((resolve) => socket.on("close", () => resolve("reset")).on("error", () => {}));
  socket.write("PUT /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
  for (let i = 0; i < 20; i++) {
    socket.write(new Uint8Array(100_000));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const answer = new Promise<string>((resolve) => socket.on("data", (data) => resolve(String(data))));
  assert.match(await Promise.race([answer, reset]), /^HTTP\/1\.1 200 /);
  socket.destroy();
  await opened.close(1000);
});

test("requests in a row are answered in a row, and no byte beyond a body belongs to it", async () => {
  const { opened } = await door(10);
  const put = "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n";
  const row = await talk(opened.port, `${put}\r\nabc${put}\r\ndef${put}Connection: close\r\n\r\nghi`);
  assert.deepEqual(row.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 200"]);
  assert.deepEqual(row.match(/^(abc|def|ghi)$/gm), ["abc", "def", "ghi"]);
  const more = await talk(opened.port, `${put}Connection: close\r\n\r\nabcdef`);
  assert.match(more, /^HTTP\/1\.1 400|\nabc\n$/);
  await opened.close(1000);
});

test("a door that closes lets what runs end, refuses what is new, and waits no longer than it is told", async () => {
  const { opened, url, waits, release } = await door(10);
  const running = fetch(`${url}/wait`);
  await waits(1);
  const closed = opened.close(5000);
  assert.equal(await talk(opened.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  release();
  const response = await running;
  assert.deepEqual([response.status, response.headers.get("connection")], [200, "close"]);
  assert.equal(await response.text(), "nothing\n");
  await closed;
  const stuck = await door(10);
  const cut = fetch(`${stuck.url}/wait`);
  await stuck.waits(1);
  const began = performance.now();
  await Promise.all([stuck.opened.close(200), assert.rejects(cut)]);
  assert.ok(performance.now() - began < 2000);
});

test("nothing is kept of a body that nobody has read when its answer is sent", async () => {
  const { opened, url, unread } = await door(2);
  for (const size of [10, 1_000_000]) {
    const response = await fetch(`${url}/unread`, { method: "PUT", body: new Uint8Array(size) });
    assert.equal(await response.text(), "unread\n");
    const kept = await unread.pop()?.getReader().read().catch(() => undefined);
    assert.equal(kept?.value, undefined, `${size} bytes`);
  }
  await opened.close(0);
});
