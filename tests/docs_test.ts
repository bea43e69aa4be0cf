import assert from "node:assert/strict";
import { ROOT } from "../scripts/programs.ts";

Deno.test("the commands in the documents do what the documents say", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${ROOT}scripts/docs_run.ts`],
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});
