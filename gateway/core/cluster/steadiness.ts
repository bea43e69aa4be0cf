/** For how long something has answered without a break, as far as one that asks now and then can tell. */

/** An answer that took longer, in ms, is no better than none. */
const PROMPT_MS = 2000;
/** Who did not ask for so long, in ms, cannot tell what was meanwhile. */
const GAP_MS = 15_000;

/** Takes note of answers. */
export class Steadiness {
  readonly #now: () => number;
  #since: number | undefined;
  #last = -Infinity;

  /** @param now a clock in ms that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How long it has answered, in ms; 0 when it does not, or did not a moment ago. */
  get ms(): number {
    if (this.#since === undefined || this.#now() - this.#last > GAP_MS) return 0;
    return this.#last - this.#since;
  }

  /** Asks, and takes note of whether there is an answer in time. */
  async note<T>(ask: () => Promise<T>): Promise<T> {
    const began = this.#now();
    try {
      const answer = await ask();
      const now = this.#now();
      const isSteady = this.#since !== undefined && now - began <= PROMPT_MS && began - this.#last <= GAP_MS;
      if (!isSteady) this.#since = now;
      this.#last = now;
      return answer;
    } catch (error) {
      this.#since = undefined;
      throw error;
    }
  }
}
