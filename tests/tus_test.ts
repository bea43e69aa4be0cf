import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { createClient } from "@connectrpc/connect";
import { Upload, type UploadOptions } from "tus-js-client";
import { FileService } from "../shared/gen/sixfold/v1/files_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { until } from "../scripts/programs.ts";
import { browser, openPage } from "../scripts/browser.ts";
import { bundle } from "../scripts/bundle.ts";
import { pattern } from "./clients/sdk_suite.ts";
import { TestCluster } from "./cluster.ts";
import { bytesOf, MIB, sha256 } from "./sessions/client.ts";
import { checkResumable } from "./sessions/resumable.ts";
import { when } from "./when.ts";

const TUS = { "tus-resumable": "1.0.0" };
const PATCH = { ...TUS, "content-type": "application/offset+octet-stream" };
const base64 = (text: string) => Buffer.from(text).toString("base64");

Deno.test("uploads by tus, and by the IETF's draft", async (t) => {
  await using cluster = await TestCluster.start(3);
  const a = await cluster.addGateway();
  const b = await cluster.addGateway({ SIXFOLD_CORS_ORIGINS: a });
  const stored = async (key: string) => {
    const response = await fetch(`${b}/v1/files/demo/${encodeURIComponent(key)}`);
    const bytes = await response.bytes();
    return [response.status, sha256(bytes), response.headers.get("content-type")];
  };
  const ask = async (url: string, method: string, headers: HeadersInit = TUS, body?: BodyInit) => {
    const response = await fetch(url, { method, headers, body: body ?? null });
    await response.body?.cancel();
    return response;
  };
  const begin = async (length: Record<string, string>, key: string) => {
    const headers = { ...TUS, ...length, "upload-metadata": `bucket ${base64("demo")},key ${base64(key)}` };
    const response = await ask(`${a}/tus`, "POST", headers);
    assert.equal(response.status, 201);
    return response.headers.get("location") ?? "";
  };
  /** Sends with the client of tus until it ends, or until a part is through. */
  const send = (bytes: Uint8Array, options: UploadOptions) =>
    new Promise<string>((resolve, reject) => {
      const upload = new Upload(Buffer.from(bytes), {
        chunkSize: 2 * MIB,
        retryDelays: null,
        onError: reject,
        onSuccess: () => resolve(""),
        onChunkComplete: (_size, sent) => {
          if (options.endpoint === `${a}/tus` && sent >= 4 * MIB) {
            void upload.abort().then(() => resolve(upload.url ?? ""));
          }
        },
        ...options,
      });
      upload.start();
    });

  await t.step("tus-js-client: begun at one gateway, cut, and ended at another one", async () => {
    const bytes = bytesOf(9 * MIB + 5);
    const metadata = { bucket: "demo", filename: "日本 film.mp4", filetype: "video/mp4" };
    const begun = await send(bytes, { endpoint: `${a}/tus`, metadata });
    assert.match(begun, /\/tus\/[0-9a-f-]{36}$/);
    assert.equal((await stored("日本 film.mp4"))[0], 404);
    await send(bytes, { uploadUrl: `${b}${new URL(begun).pathname}` });
    assert.deepEqual(await stored("日本 film.mp4"), [200, sha256(bytes), "video/mp4"]);
    await send(new Uint8Array(0), { endpoint: `${b}/tus`, metadata: { bucket: "demo", key: "empty" } });
    assert.equal((await stored("empty"))[0], 200);
  });

  await t.step("a length that is told at the end", async () => {
    const bytes = bytesOf(5 * MIB + 3);
    const upload = new Promise<void>((resolve, reject) => {
      new Upload(Readable.from([bytes]), {
        endpoint: `${a}/tus`,
        metadata: { bucket: "demo", key: "deferred" },
        uploadLengthDeferred: true,
        chunkSize: 2 * MIB,
        retryDelays: null,
        onError: reject,
        onSuccess: () => resolve(),
      }).start();
    });
    await upload;
    assert.deepEqual((await stored("deferred")).slice(0, 2), [200, sha256(bytes)]);

    const defers = { "upload-defer-length": "1" };
    const path = await begin(defers, "told late");
    const open = await ask(`${b}${path}`, "HEAD");
    assert.deepEqual([open.headers.get("upload-defer-length"), open.headers.get("upload-length")], ["1", null]);
    const patch = (offset: number, text: string, more: Record<string, string> = {}) =>
      ask(`${b}${path}`, "PATCH", { ...PATCH, "upload-offset": String(offset), ...more }, text);
    assert.equal((await patch(0, "abcd")).status, 204);
    assert.equal((await patch(4, "e", { "upload-length": "3" })).status, 400);
    assert.equal((await patch(4, "efg", { "upload-length": "6" })).status, 400);
    assert.equal((await patch(4, "ef", { "upload-length": "7" })).status, 400);
    assert.equal((await patch(4, "ef")).status, 204);
    assert.equal((await stored("told late"))[0], 200);
    assert.equal((await ask(`${a}/tus`, "POST", { ...TUS, "upload-defer-length": "2" })).status, 400);

    // A part that is on its way while a length is told that has no room for it.
    const raced = await begin(defers, "raced");
    const { readable, writable } = new TransformStream<Uint8Array>();
    const part = fetch(`${a}/v1/uploads/${raced.slice("/tus/".length)}/parts/2`, { method: "PUT", body: readable });
    const writer = writable.getWriter();
    await writer.write(new Uint8Array(3));
    const four = { ...PATCH, "upload-offset": "0", "upload-length": "4" };
    assert.equal((await ask(`${b}${raced}`, "PATCH", four, "ab")).status, 204);
    await writer.close();
    assert.equal((await (await part).json()).status, 400);
  });

  await t.step("parts that are sent side by side become one file, and are no file before", async () => {
    const bytes = bytesOf(9 * MIB + 5);
    const metadata = { bucket: "demo", filename: "side by side", filetype: "video/mp4" };
    await send(bytes, { endpoint: `${b}/tus`, metadata, parallelUploads: 3, onChunkComplete: null });
    assert.deepEqual(await stored("side by side"), [200, sha256(bytes), "video/mp4"]);

    const begun: string[] = [];
    for (const text of ["six", "fold"]) {
      const length = { "upload-length": String(text.length), "upload-concat": "partial" };
      const response = await ask(`${a}/tus`, "POST", { ...TUS, ...length });
      begun.push(response.headers.get("location") ?? "");
    }
    const patch = (path: string | undefined, text: string) =>
      ask(`${b}${path}`, "PATCH", { ...PATCH, "upload-offset": "0" }, text);
    const join = async (key: string, paths: readonly string[]) => {
      const named = { "upload-metadata": `bucket ${base64("demo")},key ${base64(key)}` };
      return await ask(`${a}/tus`, "POST", { ...TUS, ...named, "upload-concat": `final;${paths.join(" ")}` });
    };
    assert.equal((await patch(begun[0], "six")).status, 204);
    assert.equal((await join("joined", begun)).status, 400);
    assert.equal((await patch(begun[1], "fold")).status, 204);
    const told = await ask(`${b}${begun[1]}`, "HEAD");
    assert.deepEqual([told.headers.get("upload-offset"), told.headers.get("upload-concat")], ["4", "partial"]);
    const files = createClient(FileService, fetchTransport(b));
    const uploadId = begun[1]?.slice("/tus/".length) ?? "";
    await assert.rejects(files.completeUpload({ uploadId }), /put it together with the others/);
    const joined = await join("joined", begun);
    assert.deepEqual([joined.status, joined.headers.get("upload-length")], [201, "7"]);
    const final = `${b}${joined.headers.get("location")}`;
    const { headers } = await ask(final, "HEAD");
    const said = ["upload-offset", "upload-length", "upload-concat", "upload-metadata"].map((name) =>
      headers.get(name)
    );
    assert.deepEqual(said, ["7", "7", `final;${begun.join(" ")}`, `bucket ${base64("demo")},key ${base64("joined")}`]);
    assert.equal((await ask(final, "PATCH", { ...PATCH, "upload-offset": "7" }, "")).status, 403);
    assert.equal(await (await fetch(`${b}/v1/files/demo/joined`)).text(), "sixfold");
    assert.equal((await ask(`${b}${begun[0]}`, "HEAD")).status, 404);
    const whole = await begin({ "upload-length": "3" }, "no part");
    assert.equal((await join("joined", [whole])).status, 400);
  });

  await t.step({
    ...when(
      browser !== undefined,
      "it needs Chromium",
      "tus-js-client in a page of another origin, and after a reload",
    ),
    async fn() {
      const { page, problems, close } = await openPage(a, await bundle("tests/clients/tus_page.ts", "browser"));
      const call = (name: string): Promise<number> =>
        page.evaluate(
          ([name, endpoint]) => Reflect.get(globalThis, String(name))(endpoint),
          [name, `${b}/tus`] as const,
        );
      try {
        // The page is made up by the test, so the browser does not know that it is from this machine, too.
        await page.context().grantPermissions(["local-network-access"]);
        const bytes = pattern(12 * MIB);
        const of = (key: string) => fetch(`${a}/v1/files/page/${key}`).then((response) => response.bytes());
        await call("sendParts");
        assert.equal(sha256(await of("side by side")), sha256(bytes));
        const sent = await call("sendSome");
        await page.reload();
        const first = await call("sendRest");
        assert.ok(first > sent, `${first} after ${sent}`);
        assert.equal(sha256(await of("film")), sha256(bytes));
        assert.deepEqual(problems, []);
      } finally {
        await close();
      }
    },
  });

  await t.step("begun by Connect, ended by tus; begun by tus, looked at and completed by Connect", async () => {
    const files = createClient(FileService, fetchTransport(b));
    const header = { bucket: "demo", key: "from connect", contentType: "text/plain" };
    const { upload } = await files.createUpload({ header });
    const data = new TextEncoder().encode("by Connect ");
    await files.uploadPart({ uploadId: upload?.id ?? "", offset: 0n, data });
    const path = `/tus/${upload?.id}`;
    assert.equal((await ask(`${a}${path}`, "HEAD")).headers.get("upload-offset"), "11");
    const last = { ...PATCH, "upload-offset": "11", "upload-length": "17" };
    assert.equal((await ask(`${a}${path}`, "PATCH", last, "by tus")).status, 204);
    assert.equal(await (await fetch(`${a}/v1/files/demo/from%20connect`)).text(), "by Connect by tus");

    const begun = (await begin({ "upload-length": "9" }, "from tus")).slice("/tus/".length);
    await ask(`${a}/tus/${begun}`, "PATCH", { ...PATCH, "upload-offset": "0" }, "tus");
    const there = await files.getUpload({ uploadId: begun });
    assert.deepEqual([there.upload?.key, there.upload?.size, there.parts.map(({ length }) => length)], [
      "from tus",
      9n,
      [3n],
    ]);
    await files.uploadPart({ uploadId: begun, offset: 3n, data: new TextEncoder().encode("-conn!") });
    assert.equal((await files.completeUpload({ uploadId: begun })).file?.size, 9n);
    assert.equal((await ask(`${a}/tus/${begun}`, "HEAD")).headers.get("upload-offset"), "9");
  });

  await t.step("a PATCH that is cut keeps what arrived, and another door goes on", async () => {
    const bytes = bytesOf(3 * MIB);
    const path = await begin({ "upload-length": String(bytes.length) }, "cut");
    const socket = connect(Number(new URL(a).port), "127.0.0.1");
    const lines = Object.entries({ ...PATCH, "upload-offset": "0", "content-length": bytes.length, host: "x" });
    socket.write(`PATCH ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    socket.write(bytes.subarray(0, 2 * MIB), () => socket.end());
    const offset = async () => Number((await ask(`${b}${path}`, "HEAD")).headers.get("upload-offset"));
    await until("nothing of it is kept", 30_000, async () => await offset() > 0);
    socket.destroy();
    const at = await offset();
    const wrong = await ask(`${b}${path}`, "PATCH", { ...PATCH, "upload-offset": String(at + 1) }, "x");
    assert.equal(wrong.status, 409);
    const id = path.slice("/tus/".length);
    const part = await ask(`${b}/v1/uploads/${id}/parts/${at}`, "PUT", {}, bytes.subarray(at));
    assert.equal(part.status, 200);
    // All is there, and nobody has completed it: who asks by tus has that done.
    assert.equal(await offset(), bytes.length);
    assert.deepEqual((await stored("cut")).slice(0, 2), [200, sha256(bytes)]);
  });

  await t.step("checksums, ends, and what is asked wrongly", async () => {
    const abilities = await ask(`${a}/tus`, "OPTIONS", {});
    assert.deepEqual([abilities.status, abilities.headers.get("tus-version")], [204, "1.0.0"]);
    assert.match(abilities.headers.get("tus-extension") ?? "", /creation.*expiration.*termination.*checksum/);
    const path = await begin({ "upload-length": "4" }, "sum");
    const first = await ask(`${a}${path}`, "HEAD");
    assert.ok(Date.parse(first.headers.get("upload-expires") ?? "") > Date.now());
    assert.deepEqual([first.headers.get("upload-offset"), first.headers.get("upload-length")], ["0", "4"]);
    const said = `bucket ${base64("demo")},key ${base64("sum")}`;
    assert.equal(first.headers.get("upload-metadata"), said);
    const sum = (text: string) => `sha256 ${createHash("sha256").update(text).digest("base64")}`;
    const patch = (text: string, more: Record<string, string>) =>
      ask(`${a}${path}`, "PATCH", { ...PATCH, "upload-offset": "0", ...more }, text);
    assert.equal((await patch("abcd", { "upload-checksum": sum("abce") })).status, 460);
    assert.equal((await patch("abcd", { "upload-checksum": "md5 x" })).status, 400);
    assert.equal((await patch("abcd", { "content-type": "text/plain" })).status, 415);
    assert.equal((await patch("abcd", { "tus-resumable": "0.2.2" })).status, 412);
    const done = await patch("abcd", { "upload-checksum": sum("abcd") });
    assert.deepEqual([done.status, done.headers.get("upload-offset")], [204, "4"]);
    assert.equal((await ask(`${b}${path}`, "HEAD")).headers.get("upload-metadata"), said);
    assert.deepEqual((await stored("sum")).slice(0, 2), [200, createHash("sha256").update("abcd").digest("hex")]);
    const gone = await begin({ "upload-length": "4" }, "gone");
    assert.equal((await ask(`${b}${gone}`, "DELETE")).status, 204);
    assert.equal((await ask(`${a}${gone}`, "HEAD")).status, 404);
    assert.equal((await ask(`${a}${gone}`, "GET")).status, 405);
    assert.equal((await ask(`${a}/tus`, "POST", { ...TUS, "upload-length": "4" })).status, 400);
  });

  await checkResumable(t, a, b);
});
