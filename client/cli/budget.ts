/** Keeps transfers that run at once within a number and within memory. */

/** Hands out room for transfers, first come, first served. */
export class Budget {
  #bytes: number;
  #turns: number;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  /** Who is next: to shift would move all that wait, for each. */
  #first = 0;

  /** @param bytes that transfers may hold together @param turns how many may run at once */
  constructor(readonly bytes: number, turns: number) {
    this.#bytes = bytes;
    this.#turns = turns;
  }

  /** Runs work once there is room for it. What would hold more than there is at all runs alone. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const held = Math.min(bytes, this.bytes);
    await new Promise<void>((go) => {
      this.#waiting.push({ bytes: held, go });
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#bytes += held;
      this.#turns++;
      this.#next();
    }
  }

  #next(): void {
    for (let next = this.#waiting[this.#first]; next !== undefined; next = this.#waiting[this.#first]) {
      if (this.#turns === 0 || this.#bytes < next.bytes) return;
      this.#first++;
      this.#turns--;
      this.#bytes -= next.bytes;
      next.go();
    }
  }
}
