/** Holds work back to so many bytes per second, and measures what it really does. */
import { sleep } from "../../../shared/sleep.ts";

/** How far back the rate is measured, in ms. */
const MEASURED_MS = 30_000;

/** A rate that several pieces of work share. */
export class Throttle {
  /** When the bytes that were granted so far are paid for, in ms. */
  #paidUntil = 0;
  readonly #granted: { readonly at: number; readonly bytes: number }[] = [];
  #total = 0;

  /** @param limit bytes per second; 0 for no limit */
  constructor(readonly limit: number) {}

  /** Waits until so many bytes more keep to the rate. @throws the signal's reason */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    if (this.limit > 0) {
      const from = Math.max(now, this.#paidUntil);
      this.#paidUntil = from + bytes / this.limit * 1000;
      if (from > now) await sleep(from - now, signal);
    }
    signal.throwIfAborted();
    this.#total += bytes;
    this.#granted.push({ at: performance.now(), bytes });
    this.#forget();
  }

  /** Bytes so far. */
  get total(): number {
    return this.#total;
  }

  /** Bytes per second of late. */
  get rate(): number {
    this.#forget();
    const [first] = this.#granted;
    if (first === undefined) return 0;
    const seconds = Math.max(1, (performance.now() - first.at) / 1000);
    return this.#granted.reduce((sum, { bytes }) => sum + bytes, 0) / seconds;
  }

  #forget(): void {
    const since = performance.now() - MEASURED_MS;
    while ((this.#granted[0]?.at ?? Infinity) < since) this.#granted.shift();
  }
}
