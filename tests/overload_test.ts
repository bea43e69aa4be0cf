import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { until } from "../scripts/programs.ts";
import { TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;

/** One request by hand: what has come back so far, and whether the gateway has closed the connection. */
class Client {
  text = "";
  closed = false;
  readonly #socket: Socket;

  constructor(gateway: string, ...pieces: (string | Uint8Array)[]) {
    this.#socket = connect(Number(new URL(gateway).port), "127.0.0.1");
    this.#socket.on("data", (data) => this.text += String(data)).on("error", () => {});
    this.#socket.on("close", () => this.closed = true);
    this.write(...pieces);
  }

  write(...pieces: (string | Uint8Array)[]): void {
    for (const piece of pieces) this.#socket.write(piece);
  }

  leave(): void {
    this.#socket.destroy();
  }

  /** The last status that came; 0 where none has. */
  get status(): number {
    return Number([...this.text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].at(-1)?.[1] ?? 0);
  }
}

/** The head of an upload that asks before it sends its body. */
const asking = (key: string, size: number) =>
  `PUT /v1/files/demo/${key} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${size}\r\n\r\n`;

const soon = (what: string, condition: () => boolean) => until(what, 20_000, () => Promise.resolve(condition()));

const isRefused = ({ text, status }: Client) => status >= 400 && !/100 Continue/.test(text);

Deno.test("more than the gateway can do", async (t) => {
  await using cluster = await TestCluster.start(3);
  // Memory for one stripe: four uploads share it, four more may wait.
  const small = await cluster.addGateway({ SIXFOLD_MEMORY: "12M" });
  const files = `${small}/v1/files/demo`;
  const body = new Uint8Array(MIB);

  await t.step("beyond the budget of bytes: 429 with Retry-After, and before the body is asked for", async () => {
    const all = Array.from({ length: 4 }, (_, i) => new Client(small, asking(`held-${i}`, MIB)));
    await soon("four uploads are let in", () => all.every(({ status }) => status === 100));
    // These wait until the line is full; whoever comes then sends the first of them away.
    all.push(...Array.from({ length: 8 }, (_, i) => new Client(small, asking(`late-${i}`, MIB))));
    await soon("the rest is refused", () => all.filter(isRefused).length >= 4);
    for (const { text } of all.filter(isRefused)) {
      assert.match(text, /^HTTP\/1\.1 429 /);
      assert.match(text, /retry-after: 1\r\n/i);
      assert.match(text, /"resource_exhausted"/);
    }
    for (const client of all) client.leave();
    await until("an upload works again", 20_000, async () => {
      const response = await fetch(`${files}/after`, { method: "PUT", body });
      await response.body?.cancel();
      return response.status === 201;
    });
  });

  await t.step("ten times as many as can be served: each is served or told when to come back", async () => {
    const answers = await Promise.all(Array.from({ length: 80 }, async (_, i) => {
      const method = i % 2 === 0 ? "PUT" : "GET";
      const response = await fetch(`${files}/${i % 2 === 0 ? `many-${i}` : "after"}`, {
        method,
        ...(method === "PUT" && { body }),
      });
      const { length } = await response.bytes();
      return { method, status: response.status, length, retry: response.headers.get("retry-after") };
    }));
    for (const { method, status, length, retry } of answers) {
      if (status >= 400) {
        assert.deepEqual([status === 429 || status === 503, retry], [true, "1"], `${method} ${status}`);
      } else assert.ok(method === "PUT" || length === MIB, `${length} bytes`);
    }
    const good = answers.filter(({ status }) => status < 300);
    assert.ok(good.some(({ method }) => method === "PUT") && good.some(({ method }) => method === "GET"));
    const next = await fetch(`${files}/next`, { method: "PUT", body });
    assert.equal(next.status, 201, await next.text());
  });

  await t.step(
    "beyond the budget of requests: 503 with Retry-After; probes are answered; slow ones harm nobody",
    async () => {
      const narrow = await cluster.addGateway({ SIXFOLD_MAX_REQUESTS: "4" });
      const idle = Array.from(
        { length: 50 },
        (_, i) => new Client(narrow, ["", "GET / HTT", "GET / HTTP/1.1\r\nX: "][i % 3] ?? ""),
      );
      const held = Array.from({ length: 4 }, (_, i) => new Client(narrow, asking(`kept-${i}`, MIB)));
      await soon("four uploads are let in", () => held.every(({ status }) => status === 100));
      const late = new Client(narrow, asking("too-many", MIB));
      await soon("the fifth is refused", () => isRefused(late));
      assert.match(late.text, /^HTTP\/1\.1 503 [^]*retry-after: 1\r\n/i);
      assert.equal(await (await fetch(`${narrow}/healthz`)).text(), "ok\n");
      for (const client of held) client.write(body);
      await soon("those that were let in are stored", () => held.every(({ status }) => status === 201));
      const next = await fetch(`${narrow}/v1/files/demo/next`, { method: "PUT", body });
      assert.equal(next.status, 201, await next.text());
      for (const client of [...idle, ...held, late]) client.leave();
    },
  );
});
