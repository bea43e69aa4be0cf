/** Memory that is held while a client is waited for, and that its holder can do without: it reads the bytes again later. */

/** Who has waited for its client for so long, in ms, is asked: a fast client has taken its piece by then. */
const PATIENCE_MS = 20;

interface Lending {
  readonly since: number;
  readonly giveBack: () => void;
}

/** What could be given back now, in the order in which it was lent. */
export class Lendings {
  readonly #needed: () => boolean;
  readonly #all = new Set<Lending>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param needed whether somebody waits for memory */
  constructor(needed: () => boolean) {
    this.#needed = needed;
  }

  /**
   * Says that memory can be had while a client is waited for.
   * @param atOnce whether the client is known to be slow
   * @param giveBack gives the memory back; called once at most
   * @returns ends it
   */
  lend(atOnce: boolean, giveBack: () => void): () => void {
    const lending = { since: atOnce ? -Infinity : performance.now(), giveBack };
    this.#all.add(lending);
    if (this.#timer === undefined && this.#needed()) this.callIn();
    return () => void this.#all.delete(lending);
  }

  /** Asks for memory back as long as somebody waits. */
  callIn(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    for (const lending of this.#all) {
      if (!this.#needed()) return;
      if (now - lending.since < PATIENCE_MS) continue;
      this.#all.delete(lending);
      lending.giveBack();
    }
    if (this.#all.size > 0 && this.#needed()) this.#timer = setTimeout(() => this.callIn(), PATIENCE_MS);
  }
}
