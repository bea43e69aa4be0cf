import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { SixfoldError } from "./errors.ts";
import { StorageService } from "./gen/sixfold/v1/storage_pb.ts";
import { explainFailure, fetchTransport } from "./rpc.ts";

test("what fails because its caller has left is no error of ours", () => {
  const broken = new Error("Premature close");
  const codeOf = (thrown: unknown, signal: AbortSignal) => explainFailure(thrown, signal).code;
  assert.equal(codeOf(broken, AbortSignal.abort()), "canceled");
  assert.equal(codeOf(broken, new AbortController().signal), "internal");
  assert.equal(codeOf(new SixfoldError("data_loss", "bad"), AbortSignal.abort()), "data_loss");
});

test("a server that nobody hears of any more is unavailable", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  await new Promise((resolve) => server.close(resolve));
  const client = createClient(StorageService, fetchTransport(`http://127.0.0.1:${address.port}`));
  await assert.rejects(client.listChunks({}), (error) => SixfoldError.from(error).code === "unavailable");
});
