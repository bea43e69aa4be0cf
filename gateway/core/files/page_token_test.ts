import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyStore } from "../access/keys.ts";
import { keyPage } from "../access/keys.ts";
import { bucketPage } from "./list.ts";
import type { Store } from "../segments/store.ts";

test("what is not the end of a page before is refused before PostgreSQL is asked", async () => {
  for (const token of ["\0", "a\0", "\ud800", "no such thing", "x".repeat(5000)]) {
    await assert.rejects(bucketPage({} as Store, token, 0), { code: "invalid_argument" });
    await assert.rejects(keyPage({} as KeyStore, token, 0), { code: "invalid_argument" });
  }
});
