/** How often something may happen: so many at once, and so many per second after that. */
export class Allowance {
  #left: number;
  #at: number;

  /** @param now a clock in ms */
  constructor(readonly burst: number, readonly perSecond: number, readonly now: () => number) {
    this.#left = burst;
    this.#at = now();
  }

  /** Takes one; false when there is none. */
  take(): boolean {
    this.#refill();
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Whether one could be taken. */
  get some(): boolean {
    this.#refill();
    return this.#left >= 1;
  }

  #refill(): void {
    const now = this.now();
    this.#left = Math.min(this.burst, this.#left + (now - this.#at) / 1000 * this.perSecond);
    this.#at = now;
  }
}
