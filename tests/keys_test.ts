import assert from "node:assert/strict";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createTransport as createConnect } from "@connectrpc/connect/protocol-connect";
import { createTransport as createGrpcWeb } from "@connectrpc/connect/protocol-grpc-web";
import { ROOT, until } from "../scripts/programs.ts";
import { PLACED_ROUTES } from "../gateway/api/needs.ts";
import { routeOf } from "../gateway/api/route.ts";
import { FileService } from "../shared/gen/sixfold/v1/files_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { createClient as createSdk, type LinkOptions, signLink } from "../client/mod.ts";
import { TestCluster, TOKEN } from "./cluster.ts";

const LONG_MS = 60_000;

/** RPCs of a caller with a key, in both protocols of browsers. */
function filesOf(url: string, key: string, create: typeof createConnect) {
  const transport = fetchTransport(url, create);
  const withKey: typeof transport = {
    unary: (method, signal, timeout, header, ...rest) =>
      transport.unary(method, signal, timeout, { ...headers(header), authorization: `Bearer ${key}` }, ...rest),
    stream: (method, signal, timeout, header, ...rest) =>
      transport.stream(method, signal, timeout, { ...headers(header), authorization: `Bearer ${key}` }, ...rest),
  };
  return createClient(FileService, withKey);
}

function headers(given: HeadersInit | undefined): Record<string, string> {
  return Object.fromEntries(new Headers(given));
}

/** The part of a key that opens doors; the part before it is its name. */
function secretOf(key: string): string {
  return key.slice(key.lastIndexOf("_", key.length - 40) + 1);
}

Deno.test("API keys", async (t) => {
  // Small files and small parts live in PostgreSQL: no daemon is needed.
  await using cluster = await TestCluster.start(0);
  const logs = `${cluster.folder}/logs`;
  const settings = { SIXFOLD_LOG: "debug", SIXFOLD_LOG_DIR: logs };
  const [url, other] = [await cluster.addGateway(settings), await cluster.addGateway(settings)];
  const admin = { key: "" };
  /** What must never be told. */
  const secrets = [TOKEN, new URL(cluster.postgres.url).password];
  const rest = async (method: string, path: string, key: string, body?: string) => {
    const authorization = key === "" ? {} : { authorization: `Bearer ${key}` };
    const response = await fetch(url + path, {
      method,
      headers: authorization,
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, text: await response.text() };
  };
  const become = (status: number, gateway: string, key: string) =>
    until(`${gateway} does not answer ${status}`, LONG_MS, async () => {
      const headers = key === "" ? {} : { authorization: `Bearer ${key}` };
      const response = await fetch(`${gateway}/v1/files?bucket=own`, { headers });
      await response.body?.cancel();
      return response.status === status;
    });
  const make = async (verbs: string[], places: string[] = [], lifetimeSeconds = 0) => {
    const sdk = createSdk({ gateways: url, ...(admin.key === "" ? {} : { key: admin.key }) });
    const made = await sdk.keys.create({ name: verbs.join(), verbs, places, lifetimeSeconds });
    secrets.push(secretOf(made.text));
    return made;
  };

  await t.step("the first key is made with the command, closes all doors, and is one that can open them", async () => {
    assert.equal((await rest("PUT", "/v1/files/own/a/b", "", "mine")).status, 201);
    assert.equal((await rest("PUT", "/v1/files/foreign/a/b", "", "theirs")).status, 201);
    await assert.rejects(make(["read"]), { code: "failed_precondition" });
    const { stdout, code } = await new Deno.Command(Deno.env.get("SIXFOLD_BUN") ?? "bun", {
      args: [`${ROOT}client/cli/main.ts`, "keys", "create", "me", "--may", "read,write,delete,observe,admin"],
      env: { SIXFOLD_GATEWAY: url },
      stdin: "null",
      stderr: "null",
    }).output();
    assert.equal(code, 0);
    admin.key = new TextDecoder().decode(stdout).trim();
    secrets.push(secretOf(admin.key));
    for (const gateway of [url, other]) await become(401, gateway, "");
    for (const gateway of [url, other]) await become(200, gateway, admin.key);
    for (const path of ["/healthz", "/readyz", "/"]) {
      const response = await fetch(url + path);
      await response.body?.cancel();
      assert.ok(response.status === 200 || path === "/readyz");
    }
    const named = [];
    for await (const { name, valid } of createSdk({ gateways: other, key: admin.key }).keys.list()) {
      named.push([name, valid]);
    }
    assert.deepEqual(named, [["me", true]]);
  });

  await t.step("what is foreign to a key is not there: by path, by message, and by the id of an upload", async () => {
    const { text: key } = await make(["read", "write", "delete"], ["own/a/"]);
    const asked = new Set<string>();
    const foreignTo = async (method: string, path: string, more: Record<string, string> = {}) => {
      asked.add(routeOf(path));
      const headers = { authorization: `Bearer ${key}`, ...more };
      const response = await fetch(url + path, { method, headers, body: method === "PATCH" ? "abcd" : null });
      await response.body?.cancel();
      return response.status;
    };
    assert.equal((await rest("GET", "/v1/files/own/a/b", key)).text, "mine");
    const absent = JSON.parse((await rest("GET", "/v1/files/own/a/absent", key)).text).title;
    for (const path of ["/v1/files/foreign/a/b", "/v1/files/own/b", "/v1/files/own/a", "/v1/files/absent/x"]) {
      asked.add(routeOf(path));
      for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
        const { status, text } = await rest(method, path, key, method === "PUT" ? "new" : undefined);
        assert.equal(status, 404, `${method} ${path}`);
        if (method !== "HEAD") assert.equal(JSON.parse(text).title, absent);
      }
    }
    assert.equal(await foreignTo("POST", "/v1/undelete/foreign/a/b"), 404);
    const form = new FormData();
    form.set("bucket", "foreign");
    form.set("file", new File(["x"], "x"));
    const posted = await fetch(`${url}/v1/files`, {
      method: "POST",
      body: form,
      headers: { authorization: `Bearer ${key}` },
    });
    assert.equal(posted.status, 404);
    await posted.body?.cancel();
    for (const query of ["bucket=foreign", "bucket=own", "bucket=own&prefix=b", "bucket=absent"]) {
      assert.equal((await rest("GET", `/v1/files?${query}`, key)).status, 404, query);
    }
    assert.equal(JSON.parse((await rest("GET", "/v1/files?bucket=own&prefix=a/", key)).text).files.length, 1);
    const header = { bucket: "foreign", key: "a/c", size: 4n };
    const theirs = filesOf(url, admin.key, createConnect);
    const begin = async () => (await theirs.createUpload({ header })).upload?.id ?? "";
    const [uploadId, done] = [await begin(), await begin()];
    await theirs.uploadPart({ uploadId: done, data: new Uint8Array(4) });
    const { file } = await theirs.completeUpload({ uploadId: done });
    const plain = JSON.stringify({ bucket: "foreign", key: "a/c" });
    assert.equal((await rest("POST", "/v1/uploads", key, plain)).status, 404);
    for (const id of [uploadId, done, crypto.randomUUID()]) {
      assert.equal((await rest("GET", `/v1/uploads/${id}`, key)).status, 404);
      assert.equal((await rest("PUT", `/v1/uploads/${id}/parts/0`, key, "abcd")).status, 404);
      assert.equal((await rest("POST", `/v1/uploads/${id}/complete`, key)).status, 404);
      const atStart = { "upload-offset": "0", "tus-resumable": "1.0.0", "upload-complete": "?0" };
      for (const [path, type] of [["/tus/", "offset+octet-stream"], ["/resumable/", "partial-upload"]]) {
        assert.equal(await foreignTo("HEAD", path + id, atStart), 404, path);
        assert.equal(
          await foreignTo("PATCH", path + id, { ...atStart, "content-type": `application/${type}` }),
          404,
          path,
        );
      }
      for (const path of ["/v1/uploads/", "/tus/", "/resumable/"]) {
        assert.equal(await foreignTo("DELETE", path + id, atStart), 204, path);
      }
    }
    // A route that is added is none of these until it is asked for something foreign here.
    assert.deepEqual([...asked].sort(), PLACED_ROUTES.toSorted());
    const tus = async (headers: Record<string, string>, metadata: string) => {
      const all = { authorization: `Bearer ${key}`, "tus-resumable": "1.0.0", "upload-metadata": metadata, ...headers };
      return (await fetch(`${url}/tus`, { method: "POST", headers: all })).status;
    };
    const partial = { "upload-concat": "partial", "upload-length": "4" };
    assert.equal(await tus(partial, ""), 400);
    assert.equal(await tus(partial, `bucket ${btoa("foreign")},key ${btoa("a/c")}`), 404);
    assert.equal(await tus(partial, `bucket ${btoa("own")},key ${btoa("a/c")}`), 201);
    assert.equal(
      await tus({ "upload-concat": `final;/tus/${uploadId}` }, `bucket ${btoa("own")},key ${btoa("a/c")}`),
      404,
    );
    for (const create of [createConnect, createGrpcWeb]) {
      const mine = filesOf(url, key, create);
      const there = { bucket: "foreign", key: "a/b" };
      const take = async (bucket: string) => {
        const pieces: number[] = [];
        for await (const { part } of mine.download({ bucket, key: "a/b" })) {
          if (part.case === "data") pieces.push(...part.value);
        }
        return new TextDecoder().decode(Uint8Array.from(pieces));
      };
      /** By name: an RPC that is added does not compile until it is asked for something foreign here. */
      const foreign: Record<keyof typeof FileService.method, (() => Promise<unknown>) | "gives nothing of it"> = {
        upload: () =>
          mine.upload(async function* () {
            yield await Promise.resolve({ part: { case: "header" as const, value: header } });
          }()),
        download: () => take("foreign"),
        getFile: () => mine.getFile(there),
        listFiles: () => mine.listFiles({ bucket: "foreign" }),
        deleteFile: () => mine.deleteFile(there),
        undeleteFile: () => mine.undeleteFile({ ...there, fileId: file?.id ?? "" }),
        createUpload: () => mine.createUpload({ header }),
        uploadPart: () => mine.uploadPart({ uploadId, data: new Uint8Array(4) }),
        getUpload: () => mine.getUpload({ uploadId }),
        completeUpload: () => mine.completeUpload({ uploadId }),
        abortUpload: "gives nothing of it",
        listParts: "gives nothing of it",
        listBuckets: "gives nothing of it",
      };
      for (const [name, ask] of Object.entries(foreign)) {
        if (typeof ask === "string") continue;
        await assert.rejects(ask(), (error) => ConnectError.from(error).code === Code.NotFound, name);
      }
      await mine.abortUpload({ uploadId });
      assert.deepEqual((await mine.listParts({ fileId: file?.id ?? "" })).parts, []);
      assert.deepEqual((await mine.listBuckets({})).buckets, ["own"]);
      assert.equal(await take("own"), "mine");
    }
    assert.equal((await theirs.getUpload({ uploadId })).upload?.key, "a/c");
    const sdk = createSdk({ gateways: url, key });
    await assert.rejects(sdk.locate("foreign", "a/b"), { code: "not_found" });
    assert.deepEqual(await sdk.locate("own", "a/b"), []);
    await assert.rejects(sdk.servers(), { code: "permission_denied" });
    assert.equal((await rest("GET", "/v1/files/foreign/a/b", admin.key)).text, "theirs");
  });

  await t.step("a link that the SDK signs fetches and stores one file without a key", async () => {
    const { text: key } = await make(["read", "write"], ["own/"]);
    const sign = async (file: string, more: Partial<LinkOptions> = {}) => {
      const link = await signLink({ gateway: other, key, bucket: "own", file, seconds: 600, ...more });
      secrets.push(new URL(link).searchParams.get("sixfold-signature") ?? "");
      return link;
    };
    assert.equal(await (await fetch(await sign("a/b"))).text(), "mine");
    const link = await sign("日本/x y", { method: "PUT", size: 3, type: "text/x" });
    const put = (body: string) => fetch(link, { method: "PUT", body, headers: { "content-type": "text/x" } });
    for (const [body, status] of [["four", 413], ["two", 201]] as const) {
      const response = await put(body);
      await response.body?.cancel();
      assert.equal(response.status, status);
    }
    assert.equal(await (await fetch(await sign("日本/x y"))).text(), "two");
    const foreign = await fetch(await sign("a/b", { bucket: "foreign" }));
    await foreign.body?.cancel();
    assert.equal(foreign.status, 404);
  });

  await t.step(
    "what a body brings is not stored when its key has ended meanwhile: revoked, or by its time",
    async () => {
      const ends = {
        revoked: async (id: string) => await createSdk({ gateways: url, key: admin.key }).keys.revoke(id),
        expired: () => Promise.resolve(),
      };
      for (const [how, end] of Object.entries(ends)) {
        const { key, text } = await make(["read", "write"], [], how === "expired" ? 3 : 0);
        const authorization = { authorization: `Bearer ${text}` };
        const header = { bucket: "own", key: "by parts", size: 4n };
        const uploadId = (await filesOf(url, text, createConnect).createUpload({ header })).upload?.id ?? "";
        const paths = [`/v1/files/own/late-${how}`, `/v1/uploads/${uploadId}/parts/0`];
        const bodies = paths.map(() => new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>());
        const writers = bodies.map(({ writable }) => writable.getWriter());
        const puts = paths.map((path, i) =>
          fetch(url + path, { method: "PUT", body: bodies[i]?.readable ?? null, headers: authorization })
        );
        for (const writer of writers) await writer.write(Uint8Array.of(1, 2, 3));
        await end(key.id);
        await become(401, url, text);
        for (const writer of writers) await writer.write(Uint8Array.of(4)).then(() => writer.close());
        for (const put of puts) {
          const response = await put;
          assert.equal(response.status, 401, how);
          assert.match(await response.text(), new RegExp(how));
        }
        assert.equal((await rest("GET", `/v1/files/own/late-${how}`, admin.key)).status, 404);
        assert.deepEqual(JSON.parse((await rest("GET", `/v1/uploads/${uploadId}`, admin.key)).text).parts, []);
      }
    },
  );

  await t.step("a key that was revoked, or whose time is over, opens no gateway", async () => {
    const { key, text } = await make(["read"]);
    for (const gateway of [url, other]) await become(200, gateway, text);
    await createSdk({ gateways: other, key: admin.key }).keys.revoke(key.id);
    for (const gateway of [url, other]) await become(401, gateway, text);
    await assert.rejects(createSdk({ gateways: url, key: text }).stat("own", "a/b"), /revoked/);
    const short = await make(["read"], [], 1);
    await become(401, url, short.text);
    await assert.rejects(createSdk({ gateways: url, key: short.text }).stat("own", "a/b"), /expired/);
    await assert.rejects(make(["read", "admin"], ["own"]), { code: "invalid_argument" });
  });

  await t.step("no key, signature, token, password or name of a file is in logs or metrics", async () => {
    const told = await Promise.all(
      [url, other].map(async (gateway) => await (await fetch(`${gateway}/metrics`)).text()),
    );
    for await (const { name } of Deno.readDir(logs)) told.push(await Deno.readTextFile(`${logs}/${name}`));
    assert.ok(told.length === 4 && told.some((text) => text.includes('"message":"audit"')));
    assert.ok(secrets.length > 10 && secrets.every((secret) => secret.length > 20), String(secrets.length));
    for (const secret of [...secrets, "日本", encodeURIComponent("日本"), "late-revoked", "own/a/b"]) {
      assert.equal(told.findIndex((text) => text.includes(secret)), -1, secret);
    }
  });
});
