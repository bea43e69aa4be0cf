/** What a gateway does just now, for whoever watches it live. */

/** What has happened since the look before. */
export interface Beat {
  /** How long ago that was. */
  readonly seconds: number;
  /** Bytes of files that came, whatever became of them. */
  readonly bytesStored: number;
  /** Bytes of files that were read. */
  readonly bytesRead: number;
  /** Requests for files that were answered. */
  readonly requests: number;
  /** Those of them that failed and were not the caller's fault. */
  readonly failed: number;
  /** What half of them took at most, in ms; 0 where there were none. */
  readonly medianMs: number;
  /** What 95 of 100 took at most. */
  readonly slowMs: number;
}

/** Requests of which the time is remembered: the last ones are looked at where there were more within a second. */
const REMEMBERED = 1024;

/** Counts; each who looks has a view of its own. */
export class Pulse {
  #stored = 0;
  #read = 0;
  #requests = 0;
  #failed = 0;
  readonly #times = new Float64Array(REMEMBERED);
  readonly #now: () => number;

  /** @param now a clock in ms that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Bytes of a file have come. */
  came(bytes: number): void {
    this.#stored += bytes;
  }

  /** Bytes of a file were read. */
  went(bytes: number): void {
    this.#read += bytes;
  }

  /** A request for a file was answered. */
  answered(ms: number, failed: boolean): void {
    this.#times[this.#requests++ % REMEMBERED] = ms;
    if (failed) this.#failed++;
  }

  /** Begins to look. @returns what has happened since it was last called */
  follow(): () => Beat {
    let last = this.#totals();
    return () => {
      const now = this.#totals();
      const requests = now.requests - last.requests;
      const from = Math.max(last.requests, now.requests - REMEMBERED);
      const times = Float64Array.from(
        { length: now.requests - from },
        (_, i) => this.#times[(from + i) % REMEMBERED] ?? 0,
      ).sort();
      const beat = {
        seconds: (now.at - last.at) / 1000,
        bytesStored: now.stored - last.stored,
        bytesRead: now.read - last.read,
        requests,
        failed: now.failed - last.failed,
        medianMs: atShare(times, 0.5),
        slowMs: atShare(times, 0.95),
      };
      last = now;
      return beat;
    };
  }

  #totals() {
    const [at, stored, read, requests, failed] = [this.#now(), this.#stored, this.#read, this.#requests, this.#failed];
    return { at, stored, read, requests, failed };
  }
}

function atShare(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** This gateway's. */
export const pulse = new Pulse(() => performance.now());
