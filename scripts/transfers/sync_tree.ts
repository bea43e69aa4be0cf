/** A tree of real files up and down with the command's sync, which is killed in between. */
import { createHash } from "node:crypto";
import { ROOT, until } from "../programs.ts";
import { bundleCommand, ended, startCommand } from "./command.ts";

const WAIT_MS = 600_000;

/**
 * Sends a tree, is killed half way, goes on, fetches it, is killed, goes on.
 * @throws Error where what comes back is not the same, or something is sent twice
 */
export async function syncTree(url: string, files: number): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sixfold sync-" });
  try {
    const tree = `${folder}/tree`;
    const bytes = await copyTree(`${ROOT}node_modules`, tree, files);
    const script = await bundleCommand(folder);
    const start = (...args: string[]) => startCommand("node", script, folder, url, ["sync", ...args, "--json"]);
    const place = "sf://demo/tree";
    const sync = async (...args: string[]) => {
      const began = performance.now();
      const result = JSON.parse((await ended(start(...args))).trim().split("\n").at(-1) ?? "");
      return { ...result, seconds: (performance.now() - began) / 1000 };
    };
    const tell = (what: string, seconds: number) => console.log(`${what}: ${seconds.toFixed(1)} s`);
    console.log(`${files} files, ${Math.round(bytes / 1024 ** 2)} MiB`);

    await killedHalfWay(start(tree, place), async () => await countFiles(url, "tree/") > files / 2);
    const before = await countFiles(url, "tree/");
    const up = await sync(tree, place);
    tell(`the rest of the tree is up after kill -9 at ${before} files`, up.seconds);
    mustBe(up.sent + up.same === files && up.same >= before, `${up.sent} files were sent after ${before} of ${files}`);
    const again = await sync(tree, place);
    tell("a second sync sends nothing", again.seconds);
    mustBe(again.sent === 0, `${again.sent} files were sent again`);

    const down = `${folder}/down`;
    await killedHalfWay(start(place, down), async () => await countHere(down).catch(() => 0) > files / 2);
    const back = await sync(place, down);
    tell("the rest of the tree is down after kill -9", back.seconds);
    const there = await digests(tree);
    const here = await digests(down);
    mustBe(there.size === files && here.size === files, `${here.size} of ${files} files came back`);
    for (const [path, digest] of there) mustBe(here.get(path) === digest, `${path} came back otherwise`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function killedHalfWay(command: Deno.ChildProcess, isHalf: () => Promise<boolean>): Promise<void> {
  await until("sync does not get half way", WAIT_MS, isHalf);
  command.kill("SIGKILL");
  await command.output();
}

/** Copies the files of a folder, more than once where it has too few. @returns their bytes */
async function copyTree(from: string, to: string, most: number): Promise<number> {
  let count = 0;
  let bytes = 0;
  const copy = async (folder: string, target: string): Promise<void> => {
    await Deno.mkdir(target, { recursive: true });
    for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
      if (count === most) return;
      if (isDirectory) await copy(`${folder}/${name}`, `${target}/${name}`);
      if (!isFile) continue;
      await Deno.copyFile(`${folder}/${name}`, `${target}/${name}`);
      bytes += (await Deno.stat(`${target}/${name}`)).size;
      count++;
    }
  };
  for (let round = 0; count < most; round++) await copy(from, `${to}/${round}`);
  return bytes;
}

async function countFiles(url: string, prefix: string): Promise<number> {
  let count = 0;
  let cursor = "";
  do {
    const query = new URLSearchParams({ bucket: "demo", prefix, limit: "1000", ...(cursor && { cursor }) });
    const page = await (await fetch(`${url}/v1/files?${query}`)).json();
    count += page.files.length;
    cursor = page.cursor;
  } while (cursor !== "");
  return count;
}

async function countHere(folder: string): Promise<number> {
  let count = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    count += isDirectory ? await countHere(`${folder}/${name}`) : 1;
  }
  return count;
}

/** The SHA-256 of each file; not of what a download that was killed has left beside. */
async function digests(folder: string, prefix = "", found = new Map<string, string>()): Promise<Map<string, string>> {
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${prefix}`)) {
    const path = `${prefix}${name}`;
    if (name.endsWith(".sixfold")) continue;
    if (isDirectory) await digests(folder, `${path}/`, found);
    else found.set(path, createHash("sha256").update(await Deno.readFile(`${folder}/${path}`)).digest("hex"));
  }
  return found;
}

function mustBe(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
