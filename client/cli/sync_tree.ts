/** Makes a folder here and a prefix there alike, one way. */
import { mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SixfoldError } from "../../shared/errors.ts";
import { LARGEST_PART } from "../part_size.ts";
import { pathOfKey } from "./local_path.ts";
import { nothingBelow, type Place, prefixOf } from "./place.ts";
import { showProgress } from "./progress.ts";
import { runWithin } from "./run_within.ts";
import { type CliSession, note, print } from "./session.ts";
import { getPath, makeFolder, putPath } from "./transfer.ts";
import { clashes, type Entry, isSame, localTree, remoteTree, type Tree } from "./tree.ts";

/** Which way, and how. */
export interface SyncPlan {
  readonly way: "up" | "down";
  readonly folder: string;
  readonly place: Place;
  /** Removes at the destination what the source does not have. */
  readonly remove: boolean;
  /** Only says what would be done. */
  readonly dryRun: boolean;
  /** Sends also what is alike. */
  readonly always: boolean;
}

/** What was done. */
export interface SyncResult {
  readonly sent: number;
  readonly bytes: number;
  readonly removed: number;
  readonly same: number;
  readonly failed: number;
}

/** More at once than a gateway works on: it has the next ones while files are read here. */
const LIMITS = { bytes: 64 * 1024 * 1024, turns: 32 };
const PARTS_AT_ONCE = 4;
/** Nothing was written for so long: longer than a download waits for its next byte. */
const LEFT_MS = 300_000;

/** Runs a plan; files that fail are told of and left out. @throws SixfoldError: the first one's, after all others were tried */
export async function syncTree(cli: CliSession, plan: SyncPlan): Promise<SyncResult> {
  const { way, folder, place, dryRun, always } = plan;
  const { client, signal, json } = cli;
  if (way === "down" && !dryRun) await mkdir(folder, { recursive: true });
  const skipped = (path: string) => note(`left out, as it is no regular file: ${path}`);
  const unfinished = way === "down" && !dryRun ? removeLeftover : () => Promise.resolve();
  const missing = way === "down" && dryRun;
  const here = localTree(folder, { skipped, unfinished }).catch((error) => {
    if (missing && error instanceof SixfoldError && error.code === "not_found") return new Map() as Tree;
    throw error;
  });
  const [local, remote] = await Promise.all([here, remoteTree(client, place, signal)]);
  // With another bucket's name, all that is here would be what the source does not have.
  if (way === "down" && remote.size === 0) throw nothingBelow(place);
  const [from, to] = way === "up" ? [local, remote] : [remote, local];
  const doomed = plan.remove ? [...to.keys()].filter((key) => !from.has(key)) : [];
  const wanted = [...from].filter(([key, entry]) => always || !isSame(entry, to.get(key)));
  const blocked = way === "down" ? clashes(from.keys()) : new Set<string>();
  const folders = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const total = wanted.reduce((sum, [, { size }]) => sum + size, 0);
  const progress = showProgress(cli, way === "up" ? "sending" : "fetching", dryRun ? undefined : total);
  let sent = 0;
  let bytes = 0;
  let removed = 0;
  const each = async (verb: string, key: string, work: () => Promise<void>) => {
    signal.throwIfAborted();
    try {
      if (!dryRun) await work();
      if (json) print(JSON.stringify({ [verb]: key }));
      else if (dryRun) print(`would ${verb} ${key}`);
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push(error);
      note(`${key}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const remote_ = (key: string) => ({ bucket: place.bucket, key: prefixOf(place.key) + key });
  try {
    // First what is to go: a file may have to make room for a folder of its name.
    for (const key of doomed) {
      await each("remove", key, async () => {
        if (way === "up") await client.remove(place.bucket, remote_(key).key, { signal });
        else await rm(pathOfKey(folder, key));
        removed++;
      });
    }
    const held = way === "up"
      ? ({ size }: Entry) => Math.min(size, PARTS_AT_ONCE * LARGEST_PART)
      : () => LARGEST_PART / 4;
    await runWithin(
      LIMITS,
      wanted,
      ([, seen]) => held(seen),
      ([key, seen]) =>
        each(way === "up" ? "send" : "fetch", key, async () => {
          if (way === "up") {
            // A file that changes while it is sent bears an older time there, and is sent again by the next run.
            await putPath(cli, join(folder, ...key.split("/")), remote_(key), { seen });
          } else {
            const path = pathOfKey(folder, key);
            if (blocked.has(key)) throw isBoth(key);
            const parent = dirname(path);
            const made = folders.get(parent) ?? makeFolder(folder, path);
            folders.set(parent, made);
            await made;
            await getPath(cli, remote_(key), path);
          }
          sent++;
          bytes += seen.size;
          progress.at(bytes);
        }),
    );
  } finally {
    progress.end();
  }
  if (failures.length > 0) {
    const { code, message } = SixfoldError.from(failures[0]);
    throw new SixfoldError(
      code,
      `${failures.length} of ${wanted.length + doomed.length} failed, the first because: ${message}`,
    );
  }
  return { sent, bytes, removed, same: from.size - wanted.length, failed: 0 };
}

/** Removes what a download has left behind that was killed: one that runs writes all the time. */
async function removeLeftover(path: string): Promise<void> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
  if (Date.now() - mtimeMs > LEFT_MS) await rm(path, { force: true });
}

function isBoth(key: string): SixfoldError {
  return new SixfoldError(
    "failed_precondition",
    `"${key}" is a file and a folder there, and no disk has both; get it by itself`,
  );
}
