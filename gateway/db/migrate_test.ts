import assert from "node:assert/strict";
import { readMigrations } from "./migrate.ts";

Deno.test("migrations are numbered from 1, each number once and without a gap", async () => {
  const folder = await Deno.makeTempDir();
  const url = new URL(`file://${folder}/`);
  const add = async (name: string) => await Deno.writeTextFile(`${folder}/${name}`, "SELECT 1;");
  try {
    await add("0002_b.sql");
    await assert.rejects(readMigrations(url), /0002_b\.sql .* should have the number 1/);
    await add("0001_a.sql");
    assert.deepEqual((await readMigrations(url)).map(({ name }) => name), ["0001_a.sql", "0002_b.sql"]);
    await add("0002_c.sql");
    await assert.rejects(readMigrations(url), /should have the number 3/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
