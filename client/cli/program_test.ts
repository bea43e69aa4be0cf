import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { completionFor } from "./commands/completion.ts";
import { createProgram, runProgram } from "./program.ts";

test("the help of every command has an example of it", async () => {
  const program = createProgram();
  const said: string[] = [];
  for (const command of program.commands) {
    for (const one of [command, ...command.commands]) {
      one.configureOutput({ writeOut: (text) => void said.push(text) });
      one.outputHelp();
      const words = one === command ? one.name() : `${command.name()} ${one.name()}`;
      const example = said.splice(0).join("").split(/Examples?:\n/)[1] ?? "";
      assert.ok(example.includes(`sixfold ${command.name()}`), words);
      assert.ok(one === command || example.includes(`sixfold ${words}`), words);
    }
  }
  assert.equal(await runProgram(["completion", "tcsh"]), 2);
});

test("bash completes commands, what they can do, and their options", () => {
  const script = completionFor(createProgram(), "bash");
  const complete = (...words: string[]) => {
    const line = ["sixfold", ...words].map((word) => `'${word}'`).join(" ");
    const ask = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _sixfold; echo "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", ask], { encoding: "utf8" }).stdout.trim();
  };
  assert.equal(complete("dr"), "drain");
  assert.equal(complete("drain", "st"), "start stop");
  assert.equal(complete("drain", "start", "3fa1", "--w"), "--watch");
  assert.equal(complete("put", "--if"), "--if-absent");
  assert.equal(complete("put", "--j"), "--json");
  assert.equal(complete("keys", "re"), "revoke");
});
