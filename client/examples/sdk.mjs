// The SDK from a plain Node project: npm install sixfold; node sdk.mjs http://127.0.0.1:8080
import { createClient, folderStore, SixfoldError } from "sixfold";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const client = createClient({ gateways: process.argv.slice(2) });

// Large enough to go in parts. Run again after it was killed, the same file goes on where it was.
const bytes = new Uint8Array(20_000_000).fill(6);
const film = await client.upload(bytes, {
  bucket: "examples",
  key: "sdk/film.bin",
  resume: folderStore(join(tmpdir(), "sixfold-uploads")),
  onProgress: ({ sent, total }) => process.stderr.write(`${sent} of ${total} bytes are durable\n`),
});
console.log(film.key, film.size);

// Verified as it is read.
const back = await client.download("examples", "sdk/film.bin");
let length = 0;
for await (const piece of back.stream()) length += piece.length;
console.log(length, back.verified);

await client.remove("examples", "sdk/film.bin");
await client.stat("examples", "sdk/film.bin").catch((error) => {
  console.log(error instanceof SixfoldError && error.code);
});
