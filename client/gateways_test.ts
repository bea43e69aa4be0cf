import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "../shared/errors.ts";
import { type Answer, Gateways } from "./gateways.ts";

/** Gateways whose answers are functions; notes who was asked. */
function gatewaysOf(answers: Record<string, (turn: number) => Response>) {
  const asked: string[] = [];
  const fetch = (address: string) => {
    const { host } = new URL(address);
    asked.push(host);
    const answer = answers[host];
    if (answer === undefined) return Promise.reject(new TypeError("fetch failed"));
    return Promise.resolve(answer(asked.filter((other) => other === host).length));
  };
  return {
    asked,
    gateways: (...hosts: string[]) => new Gateways({ gateways: hosts.map((h) => `http://${h}`), fetch }),
  };
}

const text = (response: Answer) => response.text();

test("the next gateway is asked at once, and stays", async () => {
  const { asked, gateways } = gatewaysOf({ b: () => new Response("ok") });
  const both = gateways("a", "b");
  assert.equal(await both.send({ path: "/" }, text), "ok");
  await both.send({ path: "/" }, text);
  assert.deepEqual(asked, ["a", "b", "b"]);
});

test("what cannot pass is not tried again, and keeps its code, detail and message", async () => {
  const body = { title: "a key has 1 to 1,024 bytes", code: "invalid_argument", detail: "RANGE" };
  const { asked, gateways } = gatewaysOf({ a: () => Response.json(body, { status: 400 }) });
  await assert.rejects(gateways("a", "b").send({ path: "/" }, text), (error) => {
    return error instanceof SixfoldError && error.detail === "RANGE" && error.message === body.title;
  });
  assert.deepEqual(asked, ["a"]);
});

test("what passes is tried again until patience ends", async () => {
  const { gateways } = gatewaysOf({ a: (turn) => new Response("x", { status: turn < 3 ? 503 : 200 }) });
  assert.equal(await gateways("a").send({ path: "/" }, text), "x");
  const { asked, gateways: down } = gatewaysOf({});
  await assert.rejects(down("a").send({ path: "/", patienceMs: 0 }, text), { code: "unavailable" });
  assert.ok(asked.length <= 2);
});

test("a body that breaks is asked for again", async () => {
  const broken = () =>
    new Response(new ReadableStream({ pull: (controller) => controller.error(new TypeError("cut")) }));
  const { gateways } = gatewaysOf({ a: (turn) => turn === 1 ? broken() : new Response("whole") });
  assert.equal(await gateways("a").send({ path: "/" }, text), "whole");
});

test("an answer of something else than a gateway says so, and a bad certificate is not tried again", async () => {
  const { gateways } = gatewaysOf({ a: () => new Response("<html>", { status: 404 }) });
  await assert.rejects(gateways("a").send({ path: "/" }, text), /look at the address/);
  let tries = 0;
  const fetch = () => {
    tries++;
    return Promise.reject(
      new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "CERT_HAS_EXPIRED" }) }),
    );
  };
  await assert.rejects(new Gateways({ gateways: "https://a", fetch }).send({ path: "/" }, text), /certificate/);
  assert.equal(tries, 1);
});

test("the caller's end of a call is canceled", async () => {
  const { gateways } = gatewaysOf({});
  const signal = AbortSignal.timeout(50);
  await assert.rejects(gateways("a").send({ path: "/", signal }, text), { code: "canceled" });
  const { asked, gateways: other } = gatewaysOf({ a: () => new Response("ok") });
  await assert.rejects(other("a").send({ path: "/", signal: AbortSignal.abort() }, text), { code: "canceled" });
  assert.deepEqual(asked, []);
});
