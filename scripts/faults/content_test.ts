import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Content } from "./content.ts";

Deno.test("a content is the same however it is cut, and another one for another seed", async () => {
  const content = new Content(7, 300_001);
  const whole = content.slice(0, content.size);
  assert.deepEqual(await new Response(content.stream()).bytes(), whole);
  assert.deepEqual(content.slice(65_530, 200_000), whole.subarray(65_530, 200_000));
  assert.equal(content.sha256(), createHash("sha256").update(whole).digest("hex"));
  assert.notDeepEqual(new Content(8, 300_001).slice(0, 100), whole.subarray(0, 100));
});
