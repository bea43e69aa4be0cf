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

/** Watches the file system of one folder. */
export class DiskSpace {
  readonly #folder: string;
  readonly #reserve: number | undefined;

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

  /**
   * Makes sure that so many bytes more leave the reserve alone.
   * @throws SixfoldError `resource_exhausted` with `DISK_FULL`
   */
  async require(bytes: number): Promise<void> {
    const { free, reserve } = await this.read();
    if (free - bytes >= reserve) return;
    throw diskFull();
  }
}
