import assert from "node:assert/strict";
import { GATEWAY_SETTINGS } from "../gateway/config.ts";
import { DAEMON_SETTINGS } from "../node-daemon/config.ts";
import { SETTING_NAMES } from "../shared/setting_names.ts";
import { ROOT } from "../scripts/programs.ts";
import { configurationPage, PAGE, TOOLS } from "./configuration_page.ts";

const declared = new Set([...Object.keys(GATEWAY_SETTINGS), ...Object.keys(DAEMON_SETTINGS), ...Object.keys(TOOLS)]);

Deno.test("the reference of the settings is what the schemas say; npm run generate makes it anew", async () => {
  assert.equal(await Deno.readTextFile(PAGE), await configurationPage());
});

Deno.test("each program knows the settings of the others by name", () => {
  assert.deepEqual([...SETTING_NAMES].sort(), [...declared].sort());
});

Deno.test("every variable that the code reads is in the reference", async () => {
  const names = new Set<string>();
  const look = async (folder: string) => {
    for await (const entry of Deno.readDir(ROOT + folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory && entry.name !== "node_modules" && entry.name !== "gen") await look(path);
      else if (/\.(ts|tsx|mjs|js)$/.test(entry.name) && !entry.name.includes("_test.")) {
        const source = await Deno.readTextFile(ROOT + path);
        for (const [name] of source.matchAll(/\bSIXFOLD_[A-Z]+(?:_[A-Z]+)*\b/g)) names.add(name);
      }
    }
  };
  for (const folder of ["gateway", "node-daemon", "shared", "client", "scripts", "load-tests"]) await look(folder);
  const secret = (name: string) => name.replace(/_FILE$/, "");
  assert.deepEqual([...names].filter((name) => !declared.has(name) && !declared.has(secret(name))), []);
});
