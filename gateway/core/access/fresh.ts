/** A value that is read anew before it grows old: those who ask wait only when it has not been asked for in a while. */

/** How old a value may be that is given out, in ms. */
export const BELIEVED_MS = 2500;
/** From which age on it is read anew, in ms. */
const RENEWED_MS = 1000;

/** Such a value. */
export class Fresh<T> {
  readonly #read: () => Promise<T>;
  readonly #now: () => number;
  #last: { readonly value: T; readonly askedAt: number } | undefined;
  #reading: Promise<T> | undefined;

  /** @param now a clock in ms that never goes back */
  constructor(read: () => Promise<T>, now: () => number) {
    this.#read = read;
    this.#now = now;
  }

  /** What it was when it was last given out or read, however old. */
  get last(): T | undefined {
    return this.#last?.value;
  }

  /** The value, as it was at most so long ago. @throws what the reading throws */
  async get(): Promise<T> {
    const last = this.#last;
    const age = last === undefined ? Infinity : this.#now() - last.askedAt;
    if (last !== undefined && age < RENEWED_MS) return last.value;
    const reading = this.#reading ??= this.#renew().finally(() => this.#reading = undefined);
    if (last === undefined || age >= BELIEVED_MS) return await reading;
    reading.catch(() => {}); // It is asked again with the next call, which waits when it must.
    return last.value;
  }

  async #renew(): Promise<T> {
    const askedAt = this.#now();
    const value = await this.#read();
    this.#last = { value, askedAt };
    return value;
  }
}
