// Plain fetch, without any library: node fetch.mjs http://127.0.0.1:8080
import { createHash } from "node:crypto";
import process from "node:process";

const [gateway = "http://127.0.0.1:8080"] = process.argv.slice(2);
const file = `${gateway}/v1/files/examples/fetch/hello.txt`;
const bytes = new TextEncoder().encode("hello");
const digest = `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;

// What does not match its digest is refused; with if-none-match, what is there stays.
const put = await fetch(file, {
  method: "PUT",
  headers: { "content-type": "text/plain", "repr-digest": digest, "sixfold-meta-who": "me" },
  body: bytes,
});
const { id } = await put.json();
console.log(put.status, id === put.headers.get("etag")?.replaceAll('"', ""));

const get = await fetch(file, { headers: { range: "bytes=1-3" } });
console.log(get.status, await get.text(), get.headers.get("repr-digest") === digest);

const { files } = await (await fetch(`${gateway}/v1/files?bucket=examples&prefix=fetch/`)).json();
console.log(files.map(({ key, size }) => `${key} ${size}`).join());

await fetch(file, { method: "DELETE" });
// Errors are problem documents, with a code.
console.log((await (await fetch(file)).json()).code);
