import assert from "node:assert/strict";
import { connect } from "node:net";
import { talk } from "../scripts/faults/raw_http.ts";
import { TestCluster } from "./cluster.ts";

Deno.test("what clients do on purpose or by mistake", async (t) => {
  await using cluster = await TestCluster.start(3);
  const address = await cluster.addGateway({ SIXFOLD_MAX_FILE: "1M" });
  const port = Number(new URL(address).port);
  const close = "Host: x\r\nConnection: close\r\n";
  const missing = async (key: string) => {
    const response = await fetch(`${address}/v1/files/demo/${key}`);
    await response.body?.cancel();
    assert.equal(response.status, 404, key);
  };

  await t.step("paths that a URL would resolve to another key are refused", async () => {
    for (const path of ["/v1/files/demo/../other/x", "/v1/files/demo/a/%2e%2E/b", "/v1/files/demo/./x", "//x/y", "*"]) {
      const head = `PUT ${path} HTTP/1.1\r\n${close}Content-Length: 1\r\n\r\nx`;
      const { status, text } = await talk(address, [head]);
      assert.ok([400, 404].includes(status), `${path}: ${text.slice(0, 80)}`);
    }
  });

  await t.step("requests that are no HTTP, or two at once, are refused", async () => {
    const put = "PUT /v1/files/demo/smuggled HTTP/1.1\r\n";
    for (
      const request of [
        "nonsense\r\n\r\n",
        `${put}${close}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        `${put}${close}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`,
        `${put}${close}Content-Length: -1\r\n\r\n`,
        `${put}${close}Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n`,
        `GET / HTTP/1.1\r\n${close}X: ${"x".repeat(20_000)}\r\n\r\n`,
      ]
    ) {
      const { status, text } = await talk(address, [request]);
      assert.ok(text === "" || status >= 400, text.slice(0, 80));
    }
    await missing("smuggled");
  });

  await t.step("who never begins a request hears nothing, and who never ends its head is told", async () => {
    const [silent, slow] = await Promise.all([talk(address, []), talk(address, ["GET / HTT"])]);
    assert.deepEqual([silent.text, slow.status], ["", 408]);
  });

  await t.step("a body that ends before its declared length stores nothing", async () => {
    const began = new AbortController();
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`PUT /v1/files/demo/short HTTP/1.1\r\n${close}Content-Length: 100000\r\n\r\n${"x".repeat(50_000)}`);
    setTimeout(() => socket.end(), 200);
    await new Promise<void>((resolve) => socket.on("close", () => resolve()).resume());
    began.abort();
    await missing("short");
  });

  await t.step(
    "a file over the limit is refused at once where its length is declared, and else when it is reached",
    async () => {
      const large = new Uint8Array(3_000_000);
      for (const body of [large, new Blob([large]).stream()]) {
        const response = await fetch(`${address}/v1/files/demo/large`, { method: "PUT", body });
        assert.equal(response.status, 413);
        assert.equal((await response.json()).detail, "TOO_LARGE");
      }
      await missing("large");
    },
  );

  await t.step("a form stores its file, and a form that is cut or in disorder stores nothing", async () => {
    const form = new FormData();
    form.set("bucket", "demo");
    form.set("key", "from/a form.txt");
    form.set("file", new File(["x".repeat(100_000)], "local.txt", { type: "text/plain" }));
    const response = await fetch(`${address}/v1/files`, { method: "POST", body: form });
    assert.equal(response.status, 201, await response.text());
    const back = await fetch(`${address}/v1/files/demo/from/a%20form.txt`);
    assert.deepEqual([(await back.text()).length, back.headers.get("content-type")], [100_000, "text/plain"]);
    const part = (name: string, rest: string) => `--b\r\nContent-Disposition: form-data; name="${name}"${rest}\r\n`;
    const file = part("file", '; filename="f"\r\nContent-Type: text/plain\r\n') + "x".repeat(50_000);
    const fields = `${part("bucket", "\r\n")}demo\r\n${part("key", "\r\n")}cut\r\n`;
    for (const body of [fields + file, file + "\r\n" + fields + "--b--\r\n", fields + "--b--\r\n", "nonsense"]) {
      const headers = { "content-type": "multipart/form-data; boundary=b" };
      const refused = await fetch(`${address}/v1/files`, { method: "POST", body, headers });
      assert.ok(refused.status >= 400 && refused.status < 500, `${refused.status} ${await refused.text()}`);
    }
    await missing("cut");
    await missing("f");
  });

  await t.step("who is slow on purpose is cut off, and disturbs nobody", async () => {
    function* drip() {
      yield "GET /healthz HTTP/1.1\r\n";
      for (let i = 0; i < 40; i++) yield `X-${i}: y\r\n`;
    }
    const put = "PUT /v1/files/demo/stalled HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" +
      "x".repeat(60_000);
    const [nothing, half, dripped, stalled] = await Promise.all([
      talk(address, []),
      talk(address, ["GET / HTT"]),
      talk(address, drip(), 1000),
      talk(address, [put]),
    ]);
    for (const [name, { seconds }] of Object.entries({ nothing, half, dripped })) {
      assert.ok(seconds < 15, `${name}: ${seconds} s`);
    }
    assert.ok(stalled.seconds > 12 && stalled.seconds < 20, `${stalled.seconds} s`);
    assert.equal(stalled.status, 504);
    await missing("stalled");
  });
});
