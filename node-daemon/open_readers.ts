/** Readers that stay open between the windows of a chunk, so that its ends are read and checked once and not every time. */
import type { ChunkReader } from "./chunk_reader.ts";

/** The most chunks that are kept open while nobody reads them. */
const KEEP = 64;

interface Entry {
  readonly reader: Promise<ChunkReader>;
  users: number;
  /** Closed when its last user has left, and given to nobody else. */
  forgotten: boolean;
}

/** Open readers by chunk. */
export class OpenReaders {
  /** In the order in which they were used last. */
  readonly #entries = new Map<string, Entry>();
  readonly #open: (chunkId: string) => Promise<ChunkReader>;

  constructor(open: (chunkId: string) => Promise<ChunkReader>) {
    this.#open = open;
  }

  /** Lends a chunk's reader. One whose use has failed is not used again. */
  async use<T>(chunkId: string, use: (reader: ChunkReader) => Promise<T>): Promise<T> {
    const known = this.#entries.get(chunkId);
    // Whatever took the file away or touched it behind the daemon's back must show, though it is open here.
    if (known !== undefined && !(await this.#isCurrent(known))) this.#drop(chunkId, known);
    const entry = this.#entries.get(chunkId) ?? { reader: this.#open(chunkId), users: 0, forgotten: false };
    this.#entries.delete(chunkId);
    this.#entries.set(chunkId, entry);
    entry.users++;
    try {
      return await use(await entry.reader);
    } catch (error) {
      this.#drop(chunkId, entry);
      throw error;
    } finally {
      entry.users--;
      if (entry.forgotten) this.#close(entry);
      else this.#trim();
    }
  }

  /** The chunk is gone from the disk, or is another one than it was. */
  forget(chunkId: string): void {
    const entry = this.#entries.get(chunkId);
    if (entry !== undefined) this.#drop(chunkId, entry);
  }

  async #isCurrent(entry: Entry): Promise<boolean> {
    entry.users++;
    try {
      return await (await entry.reader).isCurrent();
    } catch {
      return false;
    } finally {
      entry.users--;
      if (entry.forgotten) this.#close(entry);
    }
  }

  #drop(chunkId: string, entry: Entry): void {
    if (this.#entries.get(chunkId) === entry) this.#entries.delete(chunkId);
    entry.forgotten = true;
    this.#close(entry);
  }

  #trim(): void {
    if (this.#entries.size <= KEEP) return;
    for (const [chunkId, entry] of this.#entries) {
      if (entry.users > 0) continue;
      this.#drop(chunkId, entry);
      if (this.#entries.size <= KEEP) return;
    }
  }

  #close(entry: Entry): void {
    if (entry.users === 0) entry.reader.then((reader) => reader.close(), () => {}).catch(() => {});
  }
}
