import assert from "node:assert/strict";
import { HopConnection, HopConnections } from "./hop_connection.ts";
import { HopTrust } from "./hop_trust.ts";

const PLAIN = new HopTrust(undefined, false);
const at = (port: number) => ({ address: `127.0.0.1:${port}`, ip: "127.0.0.1", port, name: "127.0.0.1" });

Deno.test("a kept connection is used again, but not once the daemon has closed it", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  const closed: Deno.Conn[] = [];
  const serving = (async () => {
    for await (const socket of listener) {
      accepted.push(socket);
      void (async () => {
        while (await socket.read(new Uint8Array(1000)).catch(() => null) !== null) {
          await socket.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        }
        closed.push(socket);
      })();
    }
  })();
  const connections = new HopConnections(PLAIN);
  const never = new AbortController().signal;
  const endpoint = at(listener.addr.port);
  const ask = async () => {
    const connection = await connections.take(endpoint, never);
    await connection.request("/", {}, 0);
    const body = await connection.readAll(await connection.readHead(), () => {});
    connections.give(connection);
    return new TextDecoder().decode(body);
  };
  for (let i = 0; i < 3; i++) assert.equal(await ask(), "ok");
  assert.equal(accepted.length, 1);
  accepted[0]?.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await ask(), "ok");
  assert.equal(accepted.length, 2);
  // Nor is it kept for ever: the gateway closes it first.
  for (const until = Date.now() + 10_000; closed.length < 2 && Date.now() < until;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(closed.at(-1), accepted[1]);
  accepted[1]?.close();
  listener.close();
  await serving;
});

Deno.test("a chunked body is whole on the wire, with small pieces joined and a block's line end before the next piece", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = at(listener.addr.port);
  const received = (async () => {
    const socket = await listener.accept();
    return await new Response(socket.readable).text();
  })();
  const connection = await HopConnection.open(endpoint, PLAIN, new AbortController().signal);
  const bytes = (text: string) => new TextEncoder().encode(text);
  await connection.request("/put", { "x-a": "b" }, undefined);
  await connection.writeSmallChunk(bytes("header"));
  await connection.writeChunk(bytes("prefix"), new Uint8Array(5000).fill(120));
  await connection.writeChunk(bytes("prefix"), bytes("short"));
  await connection.writeLastChunk(bytes("end mark"));
  connection.close();
  assert.equal(
    await received,
    `POST /put HTTP/1.1\r\nhost: ${endpoint.address}\r\ntransfer-encoding: chunked\r\nx-a: b\r\n\r\n` +
      `6\r\nheader\r\n138e\r\nprefix${"x".repeat(5000)}\r\nb\r\nprefixshort\r\n8\r\nend mark\r\n0\r\n\r\n`,
  );
  listener.close();
});
