#!/usr/bin/env node
/** The `sixfold` command as a program of Node, Bun or Deno. */
import process from "node:process";
import { runProgram } from "./program.ts";
import { stopOnSignals } from "./session.ts";

stopOnSignals();
process.stdout.on("error", () => {});
process.exitCode = await runProgram(process.argv.slice(2));
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
// A connection that is kept open would hold the process.
process.exit();
