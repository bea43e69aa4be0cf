/** How long a server usually takes, from what it took of late: to tell that an answer is late for this server. */

/** Weight of the newest time in the mean, and of its distance in the deviation, as TCP does it for its timeouts. */
const MEAN_SHARE = 1 / 8;
const DEVIATION_SHARE = 1 / 4;
/** Later than so many times the usual is late, and so is anything beyond so many deviations. */
const TIMES = 3;
const DEVIATIONS = 4;
/** Bounds in ms: nobody is late sooner than a busy machine may pause, and nobody is waited for much longer than a second. */
const LEAST = 60;
const MOST = 1000;
/** What is late for a server that has not answered yet. */
const UNKNOWN = 500;

/** A moving view of one server's answers. */
export class Latency {
  #mean: number | undefined;
  #deviation = 0;

  /** Takes the time of an answer, in ms. */
  add(ms: number): void {
    if (this.#mean === undefined) {
      this.#mean = ms;
      this.#deviation = ms / 2;
      return;
    }
    this.#deviation += DEVIATION_SHARE * (Math.abs(ms - this.#mean) - this.#deviation);
    this.#mean += MEAN_SHARE * (ms - this.#mean);
  }

  /** The usual time in ms; undefined before the first answer. */
  get usual(): number | undefined {
    return this.#mean;
  }

  /** After so many ms an answer is late. */
  get late(): number {
    if (this.#mean === undefined) return UNKNOWN;
    const late = Math.max(TIMES * this.#mean, this.#mean + DEVIATIONS * this.#deviation);
    return Math.min(MOST, Math.max(LEAST, late));
  }
}
