/** How much room the disk of a daemon has, and the reserve that writes leave alone. */
import { statfs } from "node:fs/promises";
import { diskFull } from "../shared/errors.ts";

/** Room on a disk, in bytes. */
export interface Space {
  readonly free: number;
  readonly used: number;
  /** Writes are refused while free space is below this. */
  readonly reserve: number;
}

/** How long an answer of the file system is good for, in ms: what is granted meanwhile is subtracted from it. */
const FRESH_MS = 100;

const SOON_MS = 1000;

/** Watches the file system of one folder. */
export class DiskSpace {
  readonly #folder: string;
  readonly #reserve: number | undefined;
  #room = 0;
  #last: Space | undefined;
  #readAt = -Infinity;
  #looking: Promise<void> | undefined;

  /** @param reserve bytes; undefined for the larger of 5 % of the disk and 1 GiB */
  constructor(folder: string, reserve: number | undefined) {
    this.#folder = folder;
    this.#reserve = reserve;
  }

  /** Asks the file system. */
  async read(): Promise<Space> {
    const { bavail, blocks, bfree, bsize } = await statfs(this.#folder);
    const reserve = this.#reserve ?? Math.max(0.05 * blocks * bsize, 2 ** 30);
    return { free: bavail * bsize, used: (blocks - bfree) * bsize, reserve };
  }

  /** The same, or what it said last where it does not answer soon: a disk that hangs must not hold up a heartbeat. */
  async readSoon(): Promise<Space> {
    const now = this.read().then((space) => this.#last = space);
    now.catch(() => {});
    const last = this.#last;
    if (last === undefined) return await now;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<Space>((resolve) => timer = setTimeout(() => resolve(last), SOON_MS));
    return await Promise.race([now, late]).finally(() => clearTimeout(timer));
  }

  /**
   * Makes sure that so many bytes more leave the reserve alone.
   * @throws SixfoldError `resource_exhausted` with `DISK_FULL`
   */
  async require(bytes: number): Promise<void> {
    const isStale = performance.now() - this.#readAt > FRESH_MS || this.#room < bytes;
    if (isStale) await (this.#looking ??= this.#look());
    if (this.#room < bytes) throw diskFull();
    this.#room -= bytes;
  }

  /** One look for all who ask at once: each of them takes its part of what it shows. */
  async #look(): Promise<void> {
    try {
      const { free, reserve } = await this.read();
      this.#room = free - reserve;
      this.#readAt = performance.now();
    } finally {
      this.#looking = undefined;
    }
  }
}
