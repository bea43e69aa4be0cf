/** Connect from Node, with the code that `npm run generate` makes from proto/: a stream up, a stream down. */
import process from "node:process";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { FileService } from "../../shared/gen/sixfold/v1/files_pb.ts";

const [baseUrl = "http://127.0.0.1:8080"] = process.argv.slice(2);
const files = createClient(FileService, createConnectTransport({ baseUrl, httpVersion: "1.1" }));

async function* body() {
  yield { part: { case: "header" as const, value: { bucket: "examples", key: "connect/film" } } };
  for (let i = 0; i < 20; i++) yield { part: { case: "data" as const, value: new Uint8Array(100_000).fill(i) } };
}
const { file } = await files.upload(body());
console.log(file?.key, Number(file?.size));

let length = 0;
for await (const { part } of files.download({ bucket: "examples", key: "connect/film" })) {
  if (part.case === "data") length += part.value.length;
}
console.log(length);

await files.deleteFile({ bucket: "examples", key: "connect/film" });
await files.getFile({ bucket: "examples", key: "connect/film" }).catch((error) => {
  console.log(ConnectError.from(error).code);
});
