/** Files below a folder here, and below a prefix there, by the key that they have in common. */
import { type Dirent, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { SixfoldClient, StoredFile } from "../mod.ts";
import { diskFailure } from "../save.ts";
import { type Place, prefixOf } from "./place.ts";

/** What tells two versions of a file apart. */
export interface Entry {
  readonly size: number;
  /** When its bytes last changed, in ms: kept there as the metadata `mtime`. */
  readonly mtime: number;
}

/** Files by their keys below the folder or prefix. */
export type Tree = Map<string, Entry>;

/** How downloads name what they write before it is whole. */
const UNFINISHED = /\.[0-9a-f]{8}\.sixfold$/;

/** What is met in a folder besides its files. */
export interface Besides {
  /** A link, or another thing that is no regular file. */
  readonly skipped: (path: string) => void;
  /** What a download is writing, or has left behind when it was killed. */
  readonly unfinished: (path: string) => Promise<void>;
}

/** Every regular file below a folder. @throws SixfoldError when the folder cannot be read */
export async function localTree(root: string, { skipped, unfinished }: Besides): Promise<Tree> {
  const tree: Tree = new Map();
  const walk = async (folder: string, prefix: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
      throw diskFailure(error, folder);
    });
    const isWhole = (entry: Dirent) => entry.isFile() && !UNFINISHED.test(entry.name);
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (isWhole(entry)) tree.set(prefix + entry.name, entryOf(path));
      else if (entry.isDirectory()) await walk(path, `${prefix}${entry.name}/`);
      else if (entry.isFile()) await unfinished(path);
      else skipped(path);
    }
  };
  await walk(root, "");
  return tree;
}

/** A file here, asked for at once: a promise for it takes Node longer. @throws SixfoldError */
export function entryOf(path: string): Entry {
  try {
    const { size, mtimeMs } = statSync(path);
    return { size, mtime: Math.round(mtimeMs) };
  } catch (error) {
    throw diskFailure(error, path);
  }
}

/** Every file below a prefix. @throws SixfoldError */
export async function remoteTree(client: SixfoldClient, { bucket, key }: Place, signal: AbortSignal): Promise<Tree> {
  const tree: Tree = new Map();
  const prefix = prefixOf(key);
  for await (const { file } of client.list(bucket, { prefix, signal })) {
    if (file !== undefined) tree.set(file.key.slice(prefix.length), { size: file.size, mtime: mtimeOf(file) });
  }
  return tree;
}

/** When the bytes of a stored file last changed, in ms; when they were stored, where nobody said. */
export function mtimeOf({ metadata, createdAt }: StoredFile): number {
  const told = Number(metadata["mtime"] ?? NaN);
  return Number.isFinite(told) ? told : createdAt.getTime();
}

/** Whether two files are taken for the same. */
export function isSame(a: Entry | undefined, b: Entry | undefined): boolean {
  return a !== undefined && b !== undefined && a.size === b.size && a.mtime === b.mtime;
}

/** The keys that are a file and also a folder of other keys: no disk has both. */
export function clashes(keys: Iterable<string>): Set<string> {
  const all = new Set(keys);
  const found = new Set<string>();
  for (const key of all) {
    for (let slash = key.indexOf("/"); slash >= 0; slash = key.indexOf("/", slash + 1)) {
      if (all.has(key.slice(0, slash))) found.add(key.slice(0, slash));
    }
  }
  return found;
}
