import assert from "node:assert/strict";
import { test } from "node:test";
import { createConnectRouter } from "@connectrpc/connect";
import { FileService } from "./gen/sixfold/v1/files_pb.ts";
import { encodeEnvelope } from "./grpc_web.ts";
import { fetchHandler } from "./rpc.ts";

test("a message that cannot be read is its sender's fault, and a failure stays the server's", async () => {
  const router = createConnectRouter();
  router.service(FileService, { getFile: () => Promise.reject(new Error("broken")) });
  const handle = fetchHandler(router);
  const ask = async (body: Uint8Array<ArrayBuffer>) => {
    const response = await handle(
      new Request("http://gateway/sixfold.v1.FileService/GetFile", {
        method: "POST",
        body,
        headers: { "content-type": "application/proto" },
      }),
    );
    return [response?.status, JSON.parse(await response?.text() ?? "{}").code];
  };
  assert.deepEqual(await ask(Uint8Array.of(0xff)), [400, "invalid_argument"]);
  assert.deepEqual(await ask(new Uint8Array()), [500, "internal"]);
});

test("a message with half a character where a number belongs is refused in words that can be sent", async () => {
  const router = createConnectRouter();
  router.service(FileService, {});
  const response = await fetchHandler(router)(
    new Request("http://gateway/sixfold.v1.FileService/ListFiles", {
      method: "POST",
      body: encodeEnvelope(0, new TextEncoder().encode('{"limit":"\\ud800"}')),
      headers: { "content-type": "application/grpc-web+json" },
    }),
  );
  assert.equal(response?.status, 200);
  assert.equal(response?.headers.get("content-type"), "application/grpc-web+json");
  assert.match(await response?.text() ?? "", /grpc-status: 3\r\n/);
});
