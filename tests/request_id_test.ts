import assert from "node:assert/strict";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createTransport as createConnect } from "@connectrpc/connect/protocol-connect";
import { createTransport as createGrpcWeb } from "@connectrpc/connect/protocol-grpc-web";
import { ROOT } from "../scripts/programs.ts";
import { FileService } from "../shared/gen/sixfold/v1/files_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { TestCluster } from "./cluster.ts";

async function* headless() {
  yield { part: { case: "data" as const, value: new Uint8Array(1) } };
}

Deno.test("every answer and every error carries the request's id", async (t) => {
  await using cluster = await TestCluster.start(0);
  const address = await cluster.addGateway();
  const get = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(address + path, { headers });
    return { id: response.headers.get("x-request-id"), body: await response.text() };
  };
  await t.step("REST: in the header and in the problem", async () => {
    assert.equal((await get("/healthz", { "x-request-id": "mine.1" })).id, "mine.1");
    const { id, body } = await get("/v1/files/demo/none", { "x-request-id": "mine.2" });
    assert.deepEqual([id, JSON.parse(body).requestId], ["mine.2", "mine.2"]);
    for (const given of ["two words", "x".repeat(200)]) {
      const made = await get("/v1/files/demo/none", { "x-request-id": given });
      assert.match(made.id ?? "", /^[0-9a-f-]{36}$/);
      assert.equal(JSON.parse(made.body).requestId, made.id);
    }
  });
  for (const [name, create] of Object.entries({ "Connect": createConnect, "gRPC-Web": createGrpcWeb })) {
    await t.step(`${name}: in the metadata of errors, of calls and of streams`, async () => {
      const files = createClient(FileService, fetchTransport(address, create));
      const options = { headers: { "x-request-id": `mine-${name}` } };
      const missing = { bucket: "demo", key: "none" };
      const failing = [
        () => files.getFile(missing, options),
        () => Array.fromAsync(files.download(missing, options)),
        () => files.upload(headless(), options),
      ];
      for (const call of failing) {
        const error = await call().then(() => undefined, (thrown) => ConnectError.from(thrown));
        assert.equal(error?.metadata.get("x-request-id"), `mine-${name}`, String(error));
      }
    });
  }
});

Deno.test("log lines of the gateway and of the daemons that it called carry the request's id", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${ROOT}tests/clients/request_ids.ts`],
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.ok(success, text);
  const lines = text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  const of = (service: string, id: string) =>
    lines.filter((line) => line.service === service && line.requestId === id).map((
      { message, code },
    ) => [message, code]);
  assert.deepEqual(of("gateway", "asked-for-nothing"), [["request failed", "not_found"]]);
  assert.deepEqual(of("gateway", "found-no-chunk").at(-1), ["request failed", "data_loss"]);
  assert.deepEqual(of("daemon", "found-no-chunk").at(-1), ["call failed", "not_found"]);
});
