import assert from "node:assert/strict";
import { test } from "node:test";
import { checksumOf, concatOf, isDeferred, metadataOf, wholeNumber } from "./tus_headers.ts";

const ID = "01a20f7e-e5e1-7f52-b239-229a51f11dee";

test("metadata is names with values in base64, or without any", () => {
  const headers = new Headers({ "upload-metadata": "bucket ZGVtbw==,filename 5pel5pys, empty" });
  assert.deepEqual(metadataOf(headers), { bucket: "demo", filename: "日本", empty: "" });
  assert.throws(() => metadataOf(new Headers({ "upload-metadata": "bucket d?" })), /base64/);
});

test("lengths are whole numbers, or come later", () => {
  assert.equal(wholeNumber(new Headers({ "upload-length": "12" }), "upload-length"), 12);
  for (const bad of ["", "-1", "1.5", "1e3", "99999999999999999"]) {
    assert.throws(() => wholeNumber(new Headers({ "upload-length": bad }), "upload-length"), /whole number/);
  }
  assert.equal(isDeferred(new Headers()), false);
  assert.equal(isDeferred(new Headers({ "upload-defer-length": "1" })), true);
  assert.throws(() => isDeferred(new Headers({ "upload-defer-length": "1", "upload-length": "3" })), /is 1/);
});

test("a checksum is of SHA-256", () => {
  assert.equal(checksumOf(new Headers({ "upload-checksum": `sha256 ${"A".repeat(43)}=` }))?.length, 32);
  assert.throws(() => checksumOf(new Headers({ "upload-checksum": "sha1 AAAA" })), /sha256/);
});

test("an upload is a part, or put together from parts by their addresses, whole or not", () => {
  const concat = (value: string) => concatOf(new Headers({ "upload-concat": value }));
  assert.equal(concatOf(new Headers()), undefined);
  assert.equal(concat("partial"), "partial");
  const both = [`/tus/${ID}`, `https://files.example/tus/${ID}/`];
  assert.deepEqual(concat(`final;${both.join(" ")}`), { final: [ID, ID] });
  for (const bad of ["final", "final;", "final;/files/1", `final;/tus/${ID} /tus/x`, "parts"]) {
    assert.throws(() => concat(bad), /final;/, bad);
  }
});
