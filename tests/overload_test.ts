import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createTransport as createConnect } from "@connectrpc/connect/protocol-connect";
import { ConnectError } from "@connectrpc/connect";
import { FileService } from "../shared/gen/sixfold/v1/files_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { until } from "../scripts/programs.ts";
import { seconds, TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;
const PUT = (key: string, length: number) =>
  `PUT /v1/files/demo/${key} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n`;

/** A connection that has sent some text. It reads nothing unless told to. */
async function open(port: number, text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.on("connect", () => resolve()));
  socket.write(text);
  socket.pause();
  return socket;
}

async function heard(socket: Socket): Promise<string> {
  let text = "";
  await new Promise<void>((resolve) => socket.on("data", (data) => text += data).on("close", () => resolve()).resume());
  return text;
}

async function memoryOf(pid: number | undefined): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await Deno.readTextFile(`/proc/${pid}/status`))?.[1]) / 1024;
}

Deno.test("more than can be done, and clients that harm others", async (t) => {
  await using cluster = await TestCluster.start(6);
  const gateway = await cluster.addGateway({ SIXFOLD_MAX_REQUESTS: "400" });
  const port = Number(new URL(gateway).port);
  const pid = cluster.gateways[0]?.pid;
  const file = (key: string) => `${gateway}/v1/files/demo/${key}`;
  const large = makeBody(24 * MIB);
  assert.equal((await fetch(file("large"), { method: "PUT", body: large.stream })).status, 201);
  const expected = { sha256: large.digest(), length: 24 * MIB };
  const good = async () => {
    const body = makeBody(5 * MIB);
    const response = await fetch(file("good"), { method: "PUT", body: body.stream });
    assert.equal(response.status, 201, await response.text());
    assert.deepEqual(await digestOf(await fetch(file("large"))), expected);
  };

  await t.step(
    "200 readers of nothing, then as many bodies that stop: others go on, and memory is bounded",
    async () => {
      const before = await memoryOf(pid);
      const get = "GET /v1/files/demo/large HTTP/1.1\r\nHost: x\r\n\r\n";
      const readers = await Promise.all(Array.from({ length: 200 }, () => open(port, get)));
      await new Promise((resolve) => setTimeout(resolve, 1000));
      for (let i = 0; i < 3; i++) assert.ok(await seconds(good) < 10);
      const grown = await memoryOf(pid) - before;
      assert.ok(grown < 200, `${grown} MiB`);
      for (const reader of readers) reader.destroy();
      const senders = await Promise.all(
        Array.from({ length: 200 }, (_, i) => open(port, `${PUT(`stuck-${i}`, 6 * MIB)}\r\n${"x".repeat(100_000)}`)),
      );
      await new Promise((resolve) => setTimeout(resolve, 1000));
      for (let i = 0; i < 3; i++) assert.ok(await seconds(good) < 10);
      for (const sender of senders) sender.destroy();
      await until("it does not calm down", 5000, async () => await seconds(good) < 2);
    },
  );

  await t.step(
    "more requests than are let in: REST and RPC are told when to come back, probes are answered",
    async () => {
      const senders = await Promise.all(Array.from({ length: 401 }, () => open(port, `${PUT("waiting", 9)}\r\n`)));
      await new Promise((resolve) => setTimeout(resolve, 300));
      const refused = await open(port, `${PUT("refused", 9 * MIB)}Expect: 100-continue\r\nConnection: close\r\n\r\n`);
      const text = await heard(refused);
      assert.match(text, /^HTTP\/1\.1 503/);
      assert.match(text, /retry-after: 1/i);
      for (const transport of [fetchTransport(gateway), fetchTransport(gateway, createConnect)]) {
        const files = createClient(FileService, transport);
        const calls = [
          () => files.getFile({ bucket: "demo", key: "large" }),
          () => Array.fromAsync(files.download({ bucket: "demo", key: "large" })),
        ];
        for (const call of calls) {
          const error = await call().then(() => assert.fail("it was let in"), (thrown) => ConnectError.from(thrown));
          assert.equal(error.code, 14, error.message);
          assert.equal(error.metadata.get("retry-after"), "1");
        }
      }
      for (const probe of ["healthz", "readyz"]) assert.equal((await fetch(`${gateway}/${probe}`)).status, 200);
      for (const sender of senders) sender.destroy();
      await until("it lets nobody in", 3000, async () => (await fetch(file("large"), { method: "HEAD" })).ok);
    },
  );

  await t.step("a thousand connections that say nothing, half a header or a byte a second disturb nobody", async () => {
    const texts = ["", "GET / HTT", "GET /healthz HTTP/1.1\r\nX-A: b\r\n", `${PUT("drip", 1000)}\r\nx`];
    const sockets = await Promise.all(Array.from({ length: 1000 }, (_, i) => open(port, texts[i % 4] ?? "")));
    for (let i = 0; i < 3; i++) assert.ok(await seconds(good) < 5);
    const closed = (socket: Socket) => new Promise<void>((resolve) => socket.on("close", () => resolve()).resume());
    assert.ok(await seconds(() => Promise.all(sockets.slice(0, 40).map(closed))) < 25);
    for (const socket of sockets) socket.destroy();
  });

  await t.step("what is sent beyond a body is no part of it, and requests in a row are answered in a row", async () => {
    const twice = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    const socket = await open(
      port,
      `${PUT("three", 3)}\r\nabc${twice}${twice.replace("Host", "Connection: close\r\nHost")}`,
    );
    assert.deepEqual((await heard(socket)).match(/HTTP\/1\.1 \d+/g), [
      "HTTP/1.1 201",
      "HTTP/1.1 200",
      "HTTP/1.1 200",
    ]);
    const more = await open(port, `${PUT("three", 3)}Connection: close\r\n\r\nabcdef`);
    await heard(more);
    // It is no HTTP, and refused, or what is beyond is thrown away; in any case it is no part of the file.
    assert.equal(await (await fetch(file("three"))).text(), "abc");
    const many = Array.from({ length: 2000 }, (_, i) => `X-${i}: ${"y".repeat(500)}\r\n`).join("");
    const answer = await heard(await open(port, `GET / HTTP/1.1\r\n${many}\r\n`));
    assert.match(answer, /^(HTTP\/1\.1 4\d\d|$)/);
    const asked = await open(port, `${PUT("asked", 3)}Expect: 100-continue\r\nConnection: close\r\n\r\n`);
    setTimeout(() => asked.write("abc"), 200);
    assert.match(await heard(asked), /^HTTP\/1\.1 100 [\s\S]*HTTP\/1\.1 201/);
  });
});
