import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { LogFile } from "./log_file.ts";

const never = (error: unknown) => assert.fail(String(error));

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(`${tmpdir()}/sixfold log-`);
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("full files are set aside, the oldest go, and the newest lines are there in order", () =>
  inFolder(async (folder) => {
    const path = `${folder}/new/a.log`;
    const log = new LogFile(path, { size: 1000, files: 3 }, never);
    for (let i = 0; i < 500; i++) log.write(`line ${i}\n`);
    await log.close(5000);
    const names = ["a.log.2", "a.log.1", "a.log"];
    assert.deepEqual((await readdir(`${folder}/new`)).sort(), names.toReversed());
    const texts = await Promise.all(names.map((name) => readFile(`${folder}/new/${name}`, "utf8")));
    assert.ok(texts.every(({ length }) => length <= 1000));
    const lines = texts.join("").trimEnd().split("\n");
    assert.ok(lines.length > 200);
    assert.deepEqual(lines, Array.from(lines, (_, i) => `line ${500 - lines.length + i}`));
  }));

test("a file is gone on with after a start, and what wider bounds have left goes", () =>
  inFolder(async (folder) => {
    for (const name of ["a.log", "a.log.1", "a.log.7", "a.log.old", "b.log.7"]) {
      await writeFile(`${folder}/${name}`, `${name}\n`);
    }
    const log = new LogFile(`${folder}/a.log`, { size: 1000, files: 2 }, never);
    log.write("more\n");
    await log.close(5000);
    assert.deepEqual((await readdir(folder)).sort(), ["a.log", "a.log.1", "a.log.old", "b.log.7"]);
    assert.equal(await readFile(`${folder}/a.log`, "utf8"), "a.log\nmore\n");
  }));

test("one file only is begun anew", () =>
  inFolder(async (folder) => {
    const log = new LogFile(`${folder}/a.log`, { size: 15, files: 1 }, never);
    for (let i = 0; i < 9; i++) log.write(`a line ${i}\n`);
    await log.close(5000);
    assert.deepEqual(await readdir(folder), ["a.log"]);
    assert.equal(await readFile(`${folder}/a.log`, "utf8"), "a line 8\n");
  }));

test("a disk that takes nothing costs lines, is told of once, and what it cost is said afterwards", () =>
  inFolder(async (folder) => {
    await symlink("/dev/full", `${folder}/a.log`);
    const errors: unknown[] = [];
    const log = new LogFile(`${folder}/a.log`, { size: 100_000, files: 2 }, (error) => errors.push(error));
    for (let i = 0; i < 3; i++) {
      log.write(`lost ${i}\n`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(errors.length, 1);
    await rm(`${folder}/a.log`);
    log.write("kept\n");
    await log.close(5000);
    const [gap = "", ...rest] = (await readFile(`${folder}/a.log`, "utf8")).split("\n");
    assert.deepEqual([JSON.parse(gap).lost, rest], [3, ["kept", ""]]);
  }));

test("what waits for a disk is bounded, and so is the wait at the end", () =>
  inFolder(async (folder) => {
    const log = new LogFile(`${folder}/a.log`, { size: 100_000_000, files: 2 }, never);
    const line = `${"x".repeat(99)}\n`;
    // No write ends within this loop.
    for (let i = 0; i < 100_000; i++) log.write(line);
    await log.close(30_000);
    const text = await readFile(`${folder}/a.log`, "utf8");
    assert.ok(text.length < 1_300_000, `${text.length}`);
    const lost = text.split("\n").filter((each) => each.startsWith("{")).map((each) => JSON.parse(each).lost);
    assert.equal(lost.reduce((sum, count) => sum + count, 0) + text.split(line).length - 1, 100_000);
  }));
