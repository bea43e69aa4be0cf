import assert from "node:assert/strict";
import { Content } from "./content.ts";
import { Manifest } from "./manifest.ts";

Deno.test("a key may be in the state before a call or after it until the call is acknowledged", async () => {
  const path = await Deno.makeTempFile();
  const [first, second] = [new Content(1, 10), new Content(2, 20)];
  {
    using manifest = new Manifest(path);
    assert.deepEqual(manifest.statesOf("a"), ["absent"]);
    await manifest.begin("a", first);
    assert.deepEqual(manifest.statesOf("a"), ["absent", first]);
    await manifest.acknowledge("a", first);
    await manifest.begin("a", second);
    assert.deepEqual(manifest.statesOf("a"), [first, second]);
    await manifest.acknowledge("a", "absent");
    assert.deepEqual(manifest.statesOf("a"), ["absent"]);
  }
  const lines = (await Deno.readTextFile(path)).trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines[1], {
    what: "acknowledged",
    key: "a",
    state: "stored",
    size: 10,
    sha256: first.sha256(),
  });
  assert.equal(lines.length, 4);
  await Deno.remove(path);
});
