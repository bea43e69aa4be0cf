/** The pages of a list of any length: where each begins is known as far as somebody has looked, what is on it only near the view. */

/** What a page has. */
export interface Page<T> {
  readonly entries: readonly T[];
  /** Where the next page begins; empty at the end of the list. */
  readonly nextCursor: string;
}

interface Known<T> {
  cursor: string;
  readonly count: number;
  readonly nextCursor: string;
  /** Undefined where the page was let go of. */
  entries: readonly T[] | undefined;
  /** The state of the list that the entries are of. */
  version: number;
}

/** Pages that are kept beyond those in view. */
const KEEP = 6;

/** Asks for the pages that are looked at, one at a time, and lets go of those that are far away. */
export class PageWindow<T> {
  #pages: Known<T>[] = [];
  #asking: { readonly at: number; readonly stop: AbortController } | undefined;
  readonly #ask: (cursor: string, signal: AbortSignal) => Promise<Page<T>>;
  readonly #heard: () => void;
  #error: unknown;
  #came = 0;

  /** @param heard hears of every page that came, and of every one that did not */
  constructor(ask: (cursor: string, signal: AbortSignal) => Promise<Page<T>>, heard: () => void) {
    this.#ask = ask;
    this.#heard = heard;
  }

  /** Entries as far as they are known. */
  get count(): number {
    return this.#pages.reduce((sum, { count }) => sum + count, 0);
  }

  /** How many pages have come. */
  get came(): number {
    return this.#came;
  }

  /** Whether there is more behind them. */
  get more(): boolean {
    return this.#pages.at(-1)?.nextCursor !== "";
  }

  /** Whether the first page, or the next one, is on its way. */
  get growing(): boolean {
    return this.#asking?.at === this.#pages.length;
  }

  /** Why the last question had no answer; undefined once one has. */
  get error(): unknown {
    return this.#error;
  }

  /** An entry; undefined where its page was let go of. */
  at(place: number): T | undefined {
    let from = 0;
    for (const { count, entries } of this.#pages) {
      if (place < from + count) return entries?.[place - from];
      from += count;
    }
    return undefined;
  }

  /**
   * Asks for what of these places is not here; for the next page where they reach beyond the last one.
   * @param version of the list: pages of another one are asked for again, and shown until then
   */
  look(first: number, end: number, version: number): void {
    const wanted = this.#wanted(first, end);
    const missing = wanted.find((at) => {
      const page = this.#pages[at];
      return page?.entries === undefined || page.version !== version;
    });
    if (missing === undefined || missing === this.#asking?.at) return;
    this.stop();
    void this.#load(missing, version, wanted);
  }

  /** Waits for nothing any more. */
  stop(): void {
    this.#asking?.stop.abort();
    this.#asking = undefined;
  }

  /** The pages of these places. */
  #wanted(first: number, end: number): number[] {
    const wanted: number[] = [];
    let from = 0;
    this.#pages.forEach(({ count }, at) => {
      if (from < end && from + count > first) wanted.push(at);
      from += count;
    });
    if (this.more && end > from) wanted.push(this.#pages.length);
    return wanted;
  }

  async #load(at: number, version: number, wanted: readonly number[]): Promise<void> {
    const stop = new AbortController();
    const asking = this.#asking = { at, stop };
    const cursor = this.#pages[at]?.cursor ?? this.#pages[at - 1]?.nextCursor ?? "";
    try {
      const { entries, nextCursor } = await this.#ask(cursor, stop.signal);
      if (this.#asking !== asking) return;
      this.#pages[at] = { cursor, count: entries.length, nextCursor, entries, version };
      const behind = this.#pages[at + 1];
      if (nextCursor === "") this.#pages.length = at + 1;
      else if (behind !== undefined && behind.cursor !== nextCursor) {
        // Something has come or gone: the page behind begins elsewhere now, and is asked for again when it is looked at.
        Object.assign(behind, { cursor: nextCursor, version: NaN });
      }
      this.#letGo(wanted[0] ?? at, wanted.at(-1) ?? at);
      this.#error = undefined;
      this.#came++;
    } catch (error) {
      if (this.#asking !== asking) return;
      this.#error = error;
    }
    this.#asking = undefined;
    this.#heard();
  }

  /** The first page stays: the way back to it is a single key. */
  #letGo(first: number, last: number): void {
    this.#pages.forEach((page, at) => {
      if (at > 0 && (at < first - KEEP || at > last + KEEP)) page.entries = undefined;
    });
  }
}
