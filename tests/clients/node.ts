/** The program of the Node test: Connect's own Node client, with both of its protocols, and an upload by client stream. */
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import process from "node:process";
import { FileService } from "../../shared/gen/sixfold/v1/files_pb.ts";
import { converse } from "./conversation.ts";

const [baseUrl = ""] = process.argv.slice(2);
for (const [name, create] of Object.entries({ connect: createConnectTransport, "grpc-web": createGrpcWebTransport })) {
  const transport = create({ baseUrl, httpVersion: "1.1" });
  const bucket = `node-${name}`;
  await createClient(FileService, transport).upload(async function* () {
    yield { part: { case: "header" as const, value: { bucket, key: "streamed" } } };
    for (let i = 0; i < 20; i++) yield { part: { case: "data" as const, value: new Uint8Array(50_000).fill(i) } };
  }());
  console.log(await converse(transport, bucket));
}
