import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { nodeFetch } from "./node_fetch.ts";

const LARGE = 1_000_000;

// Bun puts something of its own in undici's place, and has no need of either.
const skip = "Bun" in globalThis;
test("requests and answers are as those of fetch, and connections are kept", { skip }, async () => {
  let connections = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, url } = incoming;
    if (url === "/never") return;
    if (url === "/early") return void outgoing.writeHead(413, { "content-length": "3" }).end("no!");
    let length = 0;
    incoming.on("data", (piece: Uint8Array) => length += piece.length);
    incoming.on("end", () => {
      if (method === "DELETE") return outgoing.writeHead(204, { "x-gone": "yes" }).end();
      if (url === "/broken") {
        return void outgoing.writeHead(200, { "content-length": "9" }).write("half", () => incoming.socket.destroy());
      }
      if (url === "/chunks") return void outgoing.write("one ", () => outgoing.end("two"));
      if (url === "/large") return outgoing.writeHead(200).end(new Uint8Array(LARGE));
      const said = JSON.stringify({ method, length, who: incoming.headers["x-who"] });
      outgoing.writeHead(201, { "content-length": String(said.length) }).end(method === "HEAD" ? undefined : said);
    });
  }).on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fetch = nodeFetch();
  try {
    const told = async (init: RequestInit) => Object(await (await fetch(address, init)).json());
    const headers = { "x-who": "me" };
    assert.deepEqual(await told({ headers }), { method: "GET", length: 0, who: "me" });
    assert.deepEqual(await told({ method: "PUT", body: new Uint8Array(9) }), { method: "PUT", length: 9 });
    assert.deepEqual(await told({ method: "POST", body: "日本" }), { method: "POST", length: 6 });
    const stream = new ReadableStream({
      pull(controller) {
        for (let i = 0; i < 10; i++) controller.enqueue(new Uint8Array(LARGE / 10));
        controller.close();
      },
    });
    const length = { "content-length": String(LARGE) };
    assert.equal((await told({ method: "PUT", body: stream, headers: length })).length, LARGE);
    const head = await fetch(address, { method: "HEAD" });
    assert.deepEqual([head.status, head.ok, Number(head.headers.get("content-length")) > 0], [201, true, true]);
    const gone = await fetch(address, { method: "DELETE" });
    assert.deepEqual([gone.status, gone.headers.get("x-gone"), await gone.text()], [204, "yes", ""]);
    let sum = 0;
    const large = (await fetch(`${address}/large`, {})).body?.getReader();
    for (let step = await large?.read(); step?.value !== undefined; step = await large?.read()) {
      sum += step.value.length;
    }
    assert.equal(sum, LARGE);
    assert.equal(await (await fetch(`${address}/chunks`, {})).text(), "one two");
    await assert.rejects(fetch(address, { headers: { "x-who": "a\r\nx-b: c" } }), /invalid x-who header/);
    assert.ok(connections < 4, `${connections} connections`);

    // What is not read holds back what is still to come, and the connection.
    const unread = await fetch(`${address}/large`, {});
    assert.deepEqual(await told({ headers }), { method: "GET", length: 0, who: "me" });
    assert.equal((await unread.text()).length, LARGE);
    const broken = await fetch(`${address}/broken`, {});
    await assert.rejects(broken.text());
    const endless = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve));
        controller.enqueue(new Uint8Array(9));
      },
    });
    const early = await fetch(`${address}/early`, { method: "PUT", body: endless, headers: length });
    assert.deepEqual([early.status, await early.text()], [413, "no!"]);
    assert.equal((await told({ headers })).who, "me");

    const stop = new AbortController();
    const isReason = (error: unknown) => error === stop.signal.reason;
    const never = fetch(`${address}/never`, { signal: stop.signal });
    stop.abort();
    await assert.rejects(never, isReason);
    await assert.rejects(fetch(address, { signal: stop.signal }), isReason);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
  await assert.rejects(fetch(address, {}));
});
