/** The IETF's resumable uploads (draft-ietf-httpbis-resumable-upload, interop version 8), as its clients send them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { until } from "../../scripts/programs.ts";
import { bytesOf, MIB, sha256 } from "./client.ts";

const PATCH = { "content-type": "application/partial-upload" };

/** What holds of them at two gateways of one cluster. */
export async function checkResumable(t: Deno.TestContext, a: string, b: string): Promise<void> {
  const ask = async (url: string, method: string, headers: HeadersInit = {}, body?: BodyInit) => {
    const response = await fetch(url, { method, headers, body: body ?? null });
    await response.body?.cancel();
    return response;
  };
  const said = ({ status, headers }: Response, ...names: string[]) => [
    status,
    ...names.map((name) => headers.get(`upload-${name}`)),
  ];
  const stored = async (key: string) => {
    const response = await fetch(`${b}/v1/files/ietf/${key}`);
    return [response.status, sha256(await response.bytes()), response.headers.get("content-type")];
  };
  const begin = async (key: string, headers: Record<string, string>, body = "") => {
    const response = await ask(`${a}/v1/files/ietf/${key}`, "PUT", { "upload-complete": "?0", ...headers }, body);
    assert.deepEqual(said(response, "complete"), [201, "?0"]);
    assert.match(response.headers.get("upload-limit") ?? "", /^max-size=\d+, max-age=\d+$/);
    return response.headers.get("location") ?? "";
  };

  await t.step("a PUT that is cut has said where, and goes on from there at another gateway", async () => {
    const bytes = bytesOf(3 * MIB);
    const socket = connect(Number(new URL(a).port), "127.0.0.1");
    const asked = { "upload-complete": "?1", "upload-draft-interop-version": "8", "content-type": "video/mp4" };
    const lines = Object.entries({ ...asked, "content-length": bytes.length, host: "x" });
    socket.write(`PUT /v1/files/ietf/film HTTP/1.1\r\n${lines.map((line) => `${line.join(": ")}\r\n`).join("")}\r\n`);
    const [first] = await once(socket, "data");
    assert.match(String(first), /^HTTP\/1.1 104 .*\r\n([^]*\r\n)?upload-draft-interop-version: 8\r\n/);
    const [, path = ""] = /location: (\/resumable\/\S+)\r\n/.exec(String(first)) ?? [];
    socket.write(bytes.subarray(0, 2 * MIB), () => socket.end());
    const look = () => ask(`${b}${path}`, "HEAD");
    await until("nothing of it is kept", 30_000, async () => (await look()).headers.get("upload-offset") !== "0");
    socket.destroy();
    const open = await look();
    assert.deepEqual(said(open, "complete", "length"), [204, "?0", String(bytes.length)]);
    assert.equal(open.headers.get("cache-control"), "no-store");
    assert.equal((await stored("film"))[0], 404);
    const at = Number(open.headers.get("upload-offset"));
    const rest = { ...PATCH, "upload-offset": String(at), "upload-complete": "?1" };
    const wrong = await ask(`${b}${path}`, "PATCH", { ...rest, "upload-offset": String(at + 1) }, "x");
    assert.deepEqual(said(wrong, "complete", "offset"), [409, "?0", String(at)]);
    const ended = await ask(`${b}${path}`, "PATCH", rest, bytes.subarray(at));
    assert.deepEqual(said(ended, "complete"), [201, "?1"]);
    assert.deepEqual(await stored("film"), [200, sha256(bytes), "video/mp4"]);
    const whole = { ...PATCH, "upload-offset": String(bytes.length), "upload-complete": "?1" };
    assert.deepEqual(said(await ask(`${a}${path}`, "PATCH", whole), "complete"), [201, "?1"]);
    assert.equal((await ask(`${a}${path}`, "PATCH", whole, "x")).status, 400);
    assert.deepEqual(said(await look(), "complete", "offset"), [204, "?1", String(bytes.length)]);
  });

  await t.step("a file of unknown length comes in pieces, and is none before the last one", async () => {
    const path = await begin("pieces", { "content-type": "text/plain" }, "six");
    const more = (offset: number, complete: string, body?: string) =>
      ask(`${b}${path}`, "PATCH", { ...PATCH, "upload-offset": String(offset), "upload-complete": complete }, body);
    assert.deepEqual(said(await more(3, "?0", "fo"), "complete", "offset"), [204, "?0", "5"]);
    assert.deepEqual(said(await ask(`${a}${path}`, "GET"), "offset", "length", "complete"), [204, "5", null, "?0"]);
    assert.equal((await stored("pieces"))[0], 404);
    assert.deepEqual(said(await more(5, "?1", "ld"), "complete"), [201, "?1"]);
    assert.equal(await (await fetch(`${a}/v1/files/ietf/pieces`)).text(), "sixfold");
    const empty = await begin("empty", {});
    const end = { ...PATCH, "upload-offset": "0", "upload-complete": "?1" };
    assert.equal((await ask(`${b}${empty}`, "PATCH", end)).status, 201);
  });

  await t.step("lengths, digests, ends, and what is asked wrongly", async () => {
    const able = await ask(`${a}/v1/files/ietf/any`, "OPTIONS");
    assert.deepEqual([able.status, /^max-size=\d+$/.test(able.headers.get("upload-limit") ?? "")], [204, true]);
    // Whoever would not hear where it goes on has a plain PUT; what is no boolean is not there.
    for (const complete of ["?1", "yes"]) {
      const plain = await ask(`${a}/v1/files/ietf/plain`, "PUT", { "upload-complete": complete }, "plain");
      assert.deepEqual(said(plain, "complete"), [201, null]);
    }
    const digest = (text: string) => `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;
    const path = await begin("sized", { "upload-length": "7", "repr-digest": digest("sixfold") }, "six");
    const patch = (more: Record<string, string>, body = "fold", type = PATCH["content-type"]) =>
      ask(
        `${b}${path}`,
        "PATCH",
        { "content-type": type, "upload-offset": "3", "upload-complete": "?1", ...more },
        body,
      );
    assert.equal((await patch({}, "fold", "text/plain")).status, 415);
    assert.equal((await patch({ "upload-offset": "three" })).status, 400);
    assert.equal((await patch({ "upload-complete": "1" })).status, 400);
    assert.equal((await patch({ "upload-length": "8" })).status, 400);
    assert.equal((await patch({}, "folds")).status, 400);
    assert.equal((await patch({ "content-digest": digest("gold") })).status, 400);
    assert.equal((await patch({ "content-digest": digest("fold") })).status, 201);
    assert.equal(await (await fetch(`${a}/v1/files/ietf/sized`)).text(), "sixfold");
    assert.equal((await ask(`${a}${path}`, "POST")).status, 405);
    const gone = await begin("gone", { "upload-length": "4" });
    assert.equal((await ask(`${b}${gone}`, "DELETE")).status, 204);
    assert.equal((await ask(`${a}${gone}`, "HEAD")).status, 404);
    const beyond = await begin("beyond", { "upload-length": "4" });
    const five = { ...PATCH, "upload-offset": "0", "upload-complete": "?0" };
    assert.equal((await ask(`${b}${beyond}`, "PATCH", five, "fives")).status, 400);
    assert.equal((await ask(`${a}${beyond}`, "HEAD")).status, 404);
  });
}
