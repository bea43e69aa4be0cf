/** Whether this process is still the server that it says it is: another one may have registered under its identity. */
import { SixfoldError } from "../shared/errors.ts";
import { within } from "../shared/within.ts";

/** How long an acknowledgement waits for PostgreSQL's word, in ms. */
const WORD_MS = 2000;

/** Keeps what the last heartbeats said. */
export class Standing {
  readonly #staleMs: number;
  readonly #ask: () => Promise<void>;
  readonly #now: () => number;
  #confirmedAt = -Infinity;
  #isTakenOver = false;
  #asking: Promise<void> | undefined;

  /**
   * @param staleMs how long a heartbeat is believed
   * @param ask makes a heartbeat now; throws `failed_precondition` when the identity was taken over
   */
  constructor(staleMs: number, ask: () => Promise<void>, now: () => number = () => performance.now()) {
    this.#staleMs = staleMs;
    this.#ask = ask;
    this.#now = now;
  }

  /** Makes a heartbeat and takes note of its answer; who comes while one is under way gets its answer. */
  beat(): Promise<void> {
    return this.#asking ??= this.#beat().finally(() => this.#asking = undefined);
  }

  /**
   * Makes sure, before a write is acknowledged. A process that has slept, or could not reach PostgreSQL, asks first;
   * while PostgreSQL is away nothing is committed, and so nothing is lost by an acknowledgement.
   * @throws SixfoldError `failed_precondition` with `WRONG_SERVER` when another process is this server now
   */
  async check(): Promise<void> {
    if (this.#isStale) await within(WORD_MS, this.#confirm(), "PostgreSQL does not answer").catch(() => {});
    if (!this.#isTakenOver) return;
    throw new SixfoldError("failed_precondition", "another daemon is this server now; look its address up again", {
      detail: "WRONG_SERVER",
    });
  }

  get #isStale(): boolean {
    return !this.#isTakenOver && this.#now() - this.#confirmedAt > this.#staleMs;
  }

  /** The first answer may be one that was on its way when this process fell asleep. */
  async #confirm(): Promise<void> {
    await this.beat();
    if (this.#isStale) await this.beat();
  }

  async #beat(): Promise<void> {
    const began = this.#now();
    try {
      await this.#ask();
      this.#confirmedAt = began;
    } catch (error) {
      if (error instanceof SixfoldError && error.code === "failed_precondition") this.#isTakenOver = true;
      throw error;
    }
  }
}
