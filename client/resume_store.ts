/** Where unfinished uploads are remembered: by what is sent and where to, the id of its session. */
import * as idb from "idb-keyval";
import { SixfoldError } from "../shared/errors.ts";
import { toHex } from "./bytes.ts";
import { builtin } from "./runtime.ts";
import { sha256 } from "./sha256.ts";

/** Keeps short texts by name. */
export interface ResumeStore {
  get(name: string): Promise<string | undefined>;
  set(name: string, uploadId: string): Promise<void>;
  delete(name: string): Promise<void>;
}

/** What an upload is remembered by; it tells nothing of names or bytes. */
export async function resumeName(to: { readonly bucket: string; readonly key: string }, from: string): Promise<string> {
  return toHex(await sha256(new TextEncoder().encode(JSON.stringify([to.bucket, to.key, from])))).slice(0, 40);
}

/** The page's IndexedDB; undefined where there is none. */
export function browserStore(): ResumeStore | undefined {
  if (!("indexedDB" in globalThis) || !("document" in globalThis || "importScripts" in globalThis)) return undefined;
  const open = idb.createStore("sixfold", "uploads");
  return {
    get: async (name) => await idb.get<string>(name, open),
    set: (name, uploadId) => idb.set(name, uploadId, open),
    delete: (name) => idb.del(name, open),
  };
}

/** A day; sessions end sooner. */
const STALE_MS = 86_400_000;

/**
 * Files in a folder of Node, Bun and Deno, one for each unfinished upload.
 * @throws SixfoldError `unimplemented` in browsers
 */
export function folderStore(folder: string): ResumeStore {
  const fs = builtin("node:fs/promises");
  if (fs === undefined) throw new SixfoldError("unimplemented", "a browser has no folders; leave the store out");
  const pathOf = (name: string) => `${folder}/${name}`;
  return {
    get: async (name) => await fs.readFile(pathOf(name), "utf8").catch(() => undefined),
    async set(name, uploadId) {
      await fs.mkdir(folder, { recursive: true, mode: 0o700 });
      for (const other of await fs.readdir(folder)) {
        const { mtimeMs } = await fs.stat(pathOf(other)).catch(() => ({ mtimeMs: Infinity }));
        if (Date.now() - mtimeMs > STALE_MS) await fs.rm(pathOf(other), { force: true });
      }
      const unfinished = pathOf(`${name}.${crypto.randomUUID()}`);
      await fs.writeFile(unfinished, uploadId);
      await fs.rename(unfinished, pathOf(name));
    },
    delete: (name) => fs.rm(pathOf(name), { force: true }),
  };
}
