/** A log in files: whatever becomes of the disk, the process goes on, and the disk never holds more than agreed. */
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";

/** How much is kept. */
export interface LogBounds {
  /** Bytes of a file before the next one is begun. */
  readonly size: number;
  /** How many files there are at most, the one that is written to among them. */
  readonly files: number;
}

/** Lines that wait for the disk; what comes beyond is lost. */
const WAITING_BYTES = 1024 * 1024;
/** One batch for the disk. */
const BATCH_BYTES = 32 * 1024;

/**
 * Lines go to `path`; once it is full it becomes `path.1`, that becomes `path.2`, and so on. Nobody waits for a line: a
 * disk that hangs or is full costs lines, never more. How many it cost is said in the file once it takes some again.
 */
export class LogFile {
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #failing = false;
  #writing: Promise<void> | undefined;
  #file: { readonly handle: FileHandle; size: number } | undefined;

  /** @param failed hears of the first of several failures in a row */
  constructor(readonly path: string, readonly bounds: LogBounds, readonly failed: (error: unknown) => void) {}

  /** Takes a line with its line end. */
  write(line: string): void {
    const bytes = new TextEncoder().encode(line);
    if (this.#waitingBytes + bytes.length > WAITING_BYTES) {
      this.#lost++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#drain();
  }

  /** Ends when all lines are in the file, or after `ms`. */
  async close(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
    await Promise.race([this.#end(), late]);
    clearTimeout(timer);
  }

  async #end(): Promise<void> {
    await this.#writing;
    await this.#shut();
  }

  async #shut(): Promise<void> {
    await this.#file?.handle.close().catch(() => {});
    this.#file = undefined;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        await this.#store(batch);
        this.#failing = false;
      } catch (error) {
        this.#lost += batch.length;
        if (!this.#failing) this.failed(error);
        this.#failing = true;
      }
    }
    this.#writing = undefined;
  }

  /** What goes to the disk next: never more than a file may hold, but for a line that is longer by itself. */
  #take(): Uint8Array[] {
    const most = Math.min(BATCH_BYTES, this.bounds.size);
    let bytes = 0;
    const count = this.#waiting.findIndex(({ length }) => (bytes += length) > most);
    const batch = this.#waiting.splice(0, count < 0 ? this.#waiting.length : Math.max(1, count));
    this.#waitingBytes -= lengthOf(batch);
    return batch;
  }

  async #store(batch: readonly Uint8Array[]): Promise<void> {
    const lost = this.#lost;
    const bytes = Buffer.concat(lost > 0 ? [gap(lost), ...batch] : batch);
    let file = this.#file ??= await this.#open();
    if (file.size > 0 && file.size + bytes.length > this.bounds.size) {
      await this.#turn();
      file = this.#file = await this.#open();
    }
    try {
      await file.handle.appendFile(bytes);
      file.size += bytes.length;
      this.#lost -= lost;
    } catch (error) {
      // Half a line would spoil the next one.
      await file.handle.truncate(file.size).catch(() => {});
      await this.#shut();
      throw error;
    }
  }

  async #open(): Promise<{ handle: FileHandle; size: number }> {
    await mkdir(dirname(this.path), { recursive: true });
    await this.#removeFrom(this.bounds.files);
    const handle = await open(this.path, "a", 0o600);
    return { handle, size: (await handle.stat()).size };
  }

  /** The names move up by one. Where that fails nothing is written, for the file would outgrow its bounds. */
  async #turn(): Promise<void> {
    await this.#shut();
    await this.#removeFrom(this.bounds.files - 1);
    for (let number = this.bounds.files - 2; number >= 0; number--) {
      await rename(this.#name(number), this.#name(number + 1)).catch((error) => {
        if (error.code !== "ENOENT") throw error;
      });
    }
  }

  /** Removes the files from a number on: those that have had their time, or that were kept under wider bounds. */
  async #removeFrom(first: number): Promise<void> {
    const start = `${basename(this.path)}.`;
    for (const name of await readdir(dirname(this.path))) {
      const number = name.startsWith(start) ? name.slice(start.length) : "";
      if (/^\d{1,6}$/.test(number) && Number(number) >= first) await rm(`${dirname(this.path)}/${name}`);
    }
    if (first === 0) await rm(this.path, { force: true });
  }

  #name(number: number): string {
    return number === 0 ? this.path : `${this.path}.${number}`;
  }
}

function gap(lost: number): Uint8Array {
  const line = { time: new Date().toISOString(), level: "warn", message: "lines of this log were lost", lost };
  return new TextEncoder().encode(`${JSON.stringify(line)}\n`);
}

function lengthOf(lines: readonly Uint8Array[]): number {
  return lines.reduce((sum, { length }) => sum + length, 0);
}
