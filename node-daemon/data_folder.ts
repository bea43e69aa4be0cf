/** The folder that one daemon owns: its lock, its identity and its parts. */
import { dlopen } from "bun:ffi";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { newUuid } from "../shared/chunk_id.ts";
import { SixfoldError } from "../shared/errors.ts";
import { noDataFolder } from "../shared/no_data_folder.ts";
import type { DatabaseMark } from "./database_memory.ts";

/** Who a daemon is. Kept in server.json. */
export interface Identity {
  readonly serverId: string;
  /** The cluster whose database it registered with; null before the first time. */
  readonly clusterId: string | null;
  /** The newest state of that database that was seen. */
  readonly seen?: DatabaseMark;
}

const LOCK_EXCLUSIVE_NOW = 2 | 4;
const libc = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";

/** A data folder, locked for as long as the process lives or until it is closed. */
export class DataFolder {
  readonly #path: string;
  readonly #lock: FileHandle;
  /** Whether the folder for chunks was made now, so that nothing can be in it. */
  readonly fresh: boolean;

  private constructor(path: string, lock: FileHandle, fresh: boolean) {
    this.#path = path;
    this.#lock = lock;
    this.fresh = fresh;
  }

  /**
   * Makes, locks and sweeps a data folder: what lies in tmp/ was never acknowledged.
   * @throws SixfoldError `failed_precondition` when another daemon has it, or it can be none
   */
  static async open(path: string): Promise<DataFolder> {
    const lock = await makeLock(path);
    // The kernel drops the lock with the process, however that ends; a file with a pid would outlive a crash.
    const { symbols, close } = dlopen(libc, { flock: { args: ["int", "int"], returns: "int" } });
    const held = symbols.flock(lock.fd, LOCK_EXCLUSIVE_NOW) === 0;
    close();
    if (!held) {
      await lock.close();
      throw new SixfoldError(
        "failed_precondition",
        `another daemon uses ${path}; give each daemon a folder of its own`,
      );
    }
    const fresh = !(await exists(join(path, "chunks")));
    await rm(join(path, "tmp"), { recursive: true, force: true });
    for (const name of ["chunks", "tmp", "quarantine"]) await mkdir(join(path, name), { recursive: true });
    await syncFolder(path);
    return new DataFolder(path, lock, fresh);
  }

  get chunks(): string {
    return join(this.#path, "chunks");
  }

  get quarantine(): string {
    return join(this.#path, "quarantine");
  }

  /** Where the scrub keeps its place. */
  get scrubPlace(): string {
    return join(this.#path, "scrub");
  }

  get tmp(): string {
    return join(this.#path, "tmp");
  }

  /** A file that is written now and then to see whether the disk takes writes. */
  get probe(): string {
    return join(this.#path, "probe");
  }

  /** Reads who this daemon is; a new folder gets a new id. */
  async identity(): Promise<Identity> {
    const path = join(this.#path, "server.json");
    if (await exists(path)) return JSON.parse(await readFile(path, "utf8"));
    if (!this.fresh && (await readdir(this.chunks)).length > 0) {
      throw new SixfoldError("failed_precondition", `${path} is missing beside chunks; put it back from a backup`);
    }
    const identity: Identity = { serverId: newUuid(), clusterId: null };
    await this.remember(identity);
    return identity;
  }

  /** Keeps who this daemon is, durably. @throws any error of the disk; then what was kept before holds */
  async remember(identity: Identity): Promise<void> {
    const temporary = join(this.tmp, "server.json");
    try {
      await writeDurably(temporary, `${JSON.stringify(identity)}\n`);
      await rename(temporary, join(this.#path, "server.json"));
    } catch (error) {
      // A disk that refuses this as well must not hide why: the next try, or the next start, removes what is left.
      await removeFile(temporary).catch(() => {});
      throw error;
    }
    await syncFolder(this.#path);
  }

  /** Gives the folder free for another daemon. */
  async close(): Promise<void> {
    await this.#lock.close();
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes a file; one that is not there is none to remove. Bun's `rm` says EFAULT for EIO, and so hides a broken disk. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** Whether there is anything under a path. */
export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, (error) => {
    if (error.code === "ENOENT") return false;
    throw error;
  });
}

async function makeLock(path: string): Promise<FileHandle> {
  try {
    await mkdir(path, { recursive: true });
    return await open(join(path, "lock"), "a");
  } catch (cause) {
    throw noDataFolder(path, cause);
  }
}
