import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";
import { resourceOf } from "./resource.ts";
import { VERSION } from "./version.ts";

test("the environment may say more of a process, and name its service", () => {
  const lines: string[] = [];
  const log = createLogger("warn", (line) => lines.push(line));
  const of = (given: Record<string, string>) => resourceOf("sixfold-test", "7", (name) => given[name], log);
  const own = { "service.name": "sixfold-test", "service.instance.id": "7", "service.version": VERSION };
  assert.deepEqual(of({}), own);
  assert.deepEqual(
    of({ OTEL_SERVICE_NAME: "files", OTEL_RESOURCE_ATTRIBUTES: "service.name=other,deployment.environment=a%20b" }),
    { ...own, "service.name": "files", "deployment.environment": "a b" },
  );
  assert.deepEqual(lines, []);
  assert.deepEqual(of({ OTEL_RESOURCE_ATTRIBUTES: "zone=a,broken" }), own);
  assert.match(lines.join(), /OTEL_RESOURCE_ATTRIBUTES is left out/);
});
