import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { createLogger } from "../../shared/logger.ts";
import type { Store } from "../core/segments/store.ts";
import { createRest } from "./rest.ts";

const METHODS = ["get", "head", "put", "post", "patch", "delete"];
const document = parse(await Deno.readTextFile(new URL("../../docs/openapi.yaml", import.meta.url)));
const readiness = () => Promise.resolve({ ready: true, servers: 6 });
const rest = createRest(
  {} as Store,
  { readiness, metrics: () => Promise.resolve(""), kept: undefined },
  createLogger("error", () => {}),
);

/** A path that is meant by one of the document. */
function sample(path: string): string {
  const filled = path.replace("{bucket}", "demo").replace("{key}", "a/b");
  return filled.replace("{offset}", "0").replace("{id}", "0".repeat(32));
}

/** Whether a call comes to code of its own, whatever that then says: here is no store. */
async function isServed(method: string, path: string): Promise<boolean> {
  const request = new Request(`http://gateway${path}`, { method: method.toUpperCase() });
  const response = await rest.handle(request);
  const text = await response.text();
  return response.status !== 405 && !(response.status === 404 && (text === "" || text.includes("nothing is served")));
}

test("every call of the OpenAPI document is served, and no other one of its paths", async () => {
  for (const [path, operations] of Object.entries<Record<string, unknown>>(document.paths)) {
    for (const method of METHODS) {
      // Where there is a GET, its head comes by itself.
      if (method === "head" && !("head" in operations)) continue;
      assert.equal(await isServed(method, sample(path)), method in operations, `${method} ${path}`);
    }
  }
});

test("every route is in the OpenAPI document", () => {
  const paths = Object.keys(document.paths);
  for (const { path } of rest.routes) {
    const pattern = new RegExp(`^${path.replace(/:\w+/g, "[^/]+").replace("*", ".+")}$`);
    assert.ok(path === "/*" || paths.some((known) => pattern.test(known)), path);
  }
});

test("every reference of the OpenAPI document leads somewhere", () => {
  const look = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key !== "$ref") look(value);
      else {
        const found = String(value).slice(2).split("/").reduce((at, step) => at?.[step], document);
        assert.ok(found !== undefined, String(value));
      }
    }
  };
  look(document);
});
