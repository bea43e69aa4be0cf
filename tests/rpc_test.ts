import assert from "node:assert/strict";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createTransport as createConnect } from "@connectrpc/connect/protocol-connect";
import { createTransport as createGrpcWeb } from "@connectrpc/connect/protocol-grpc-web";
import { ClusterService } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { FileService } from "../shared/gen/sixfold/v1/files_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { until } from "../scripts/programs.ts";
import { TestCluster } from "./cluster.ts";

Deno.test("files through Connect and gRPC-Web", async (t) => {
  await using cluster = await TestCluster.start(6);
  const baseUrl = await cluster.addGateway();
  for (const [name, create] of Object.entries({ "Connect": createConnect, "gRPC-Web": createGrpcWeb })) {
    await t.step(name, async () => {
      const transport = fetchTransport(baseUrl, create);
      const files = createClient(FileService, transport);
      const bytes = new Uint8Array(3_000_000).map((_, i) => (i * 31) ^ (i >> 7));
      const bucket = name.toLowerCase();
      const upload = (key: string, size: number, declared = size) =>
        files.upload(
          async function* () {
            const header = { bucket, key, size: BigInt(declared) };
            yield { part: { case: "header" as const, value: header } };
            for (let at = 0; at < size; at += 700_000) {
              yield { part: { case: "data" as const, value: bytes.subarray(at, Math.min(at + 700_000, size)) } };
            }
          }(),
          { timeoutMs: 20_000 },
        );
      assert.equal((await upload("a/big", bytes.length)).file?.size, 3_000_000n);
      for (const key of ["a/b/c", "a/b/d", "a", "b", "日本"]) await upload(key, 10);
      await assert.rejects(upload("wrong", 10, 11), (error) => ConnectError.from(error).code === Code.InvalidArgument);
      const parts: Uint8Array[] = [];
      for await (const { part } of files.download({ bucket, key: "a/big", offset: 5n, length: 2_000_000n })) {
        if (part.case === "data") parts.push(part.value);
      }
      assert.ok(Buffer.concat(parts).equals(bytes.subarray(5, 2_000_005)));
      const failsWith = (code: Code, request: { key: string; offset?: bigint }, timeoutMs?: number) =>
        assert.rejects(
          Array.fromAsync(files.download({ bucket, ...request }, timeoutMs === undefined ? {} : { timeoutMs })),
          (error) => ConnectError.from(error).code === code,
        );
      await failsWith(Code.NotFound, { key: "none" });
      await failsWith(Code.OutOfRange, { key: "a/big", offset: 3_000_001n });
      await failsWith(Code.InvalidArgument, { key: "a/big" }, 24 * 3_600_000);
      const list = async (prefix: string, delimiter: string) => {
        const found: string[] = [];
        let cursor = "";
        do {
          const page = await files.listFiles({ bucket, prefix, delimiter, cursor, limit: 2 });
          found.push(...page.files.map((file) => file.key), ...page.prefixes);
          cursor = page.nextCursor;
        } while (cursor !== "");
        return found.sort();
      };
      assert.deepEqual(await list("", ""), ["a", "a/b/c", "a/b/d", "a/big", "b", "日本"]);
      assert.deepEqual(await list("", "/"), ["a", "a/", "b", "日本"]);
      assert.deepEqual(await list("a/", "/"), ["a/b/", "a/big"]);
      assert.deepEqual(await list("a", ""), ["a", "a/b/c", "a/b/d", "a/big"]);
      const admin = createClient(ClusterService, transport);
      assert.equal((await admin.listServers({})).servers.length, 6);
      // A chunk that was late was dropped, and is rebuilt soon.
      await until("a chunk is missing", 20_000, async () => {
        return (await admin.locate({ bucket, key: "a/big" })).chunks.length === 6;
      });
      assert.equal((await admin.locate({ bucket, key: "a" })).inline, true);
      await files.deleteFile({ bucket, key: "b" });
      await assert.rejects(
        files.getFile({ bucket, key: "b" }),
        (error) => ConnectError.from(error).code === Code.NotFound,
      );
    });
  }
});
