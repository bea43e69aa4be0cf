/** A bound on how much goes on at once: so many enter, a few more wait for a moment, and the rest is told at once. */
import type { SixfoldError } from "./errors.ts";

/** One that waits. */
interface Place {
  readonly enter: () => void;
  readonly refuse: (reason: unknown) => void;
}

/** The bounds of a turnstile. */
export interface TurnstileOptions {
  /** How many may be inside. */
  readonly most: number;
  /** How many may wait. */
  readonly line: number;
  /** How long one waits, in ms. */
  readonly waitMs: number;
  /** What the one is told that must not wait, or has waited in vain. */
  readonly busy: () => SixfoldError;
}

/**
 * Lets the newest in first. When more comes than can be done, waiting in turn would make everybody wait so long that
 * nobody still wants the answer; like this most are served at once, and the few that waited longest are told to come back.
 */
export class Turnstile {
  readonly #options: TurnstileOptions;
  readonly #line: Place[] = [];
  readonly #first: Place[] = [];
  #inside = 0;

  constructor(options: TurnstileOptions) {
    this.#options = options;
  }

  /** How many are inside. */
  get inside(): number {
    return this.#inside;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.length + this.#first.length;
  }

  /**
   * Enters, and waits for it where that may be. Whoever has entered must `leave`.
   * @param signal ends the wait
   */
  async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { most, line, waitMs, busy } = this.#options;
    if (this.#inside < most) {
      this.#inside++;
      return;
    }
    if (line === 0) throw busy();
    // A full line has somebody in it who came before: the one who comes now has more of its time left.
    if (this.#line.length >= line) this.#line.shift()?.refuse(busy());
    await this.#wait(this.#line, waitMs, signal);
  }

  /** Enters before all others, in turn: for what has cost a lot already, and would be lost. @param waitMs as long as that is worth */
  async enterFirst(waitMs: number): Promise<void> {
    const { most, line, busy } = this.#options;
    if (this.#inside < most) this.#inside++;
    else if (this.#first.length < line) await this.#wait(this.#first, waitMs);
    else throw busy();
  }

  /** Enters as above. @returns what leaves; it may be called again without harm */
  async turn(signal?: AbortSignal): Promise<() => void> {
    await this.enter(signal);
    let inside = true;
    return () => {
      if (inside) this.leave();
      inside = false;
    };
  }

  /** Makes room for the next. */
  leave(): void {
    const next = this.#first.shift() ?? this.#line.pop();
    if (next === undefined) this.#inside--;
    else next.enter();
  }

  /** Sends away all who wait. */
  clear(reason: SixfoldError): void {
    for (const { refuse } of [...this.#first.splice(0), ...this.#line.splice(0)]) refuse(reason);
  }

  async #wait(line: Place[], waitMs: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", gone);
      };
      const place: Place = {
        enter: () => (done(), resolve()),
        refuse: (reason) => (done(), reject(reason)),
      };
      const withdraw = (reason: unknown) => {
        line.splice(line.indexOf(place), 1);
        place.refuse(reason);
      };
      const gone = () => withdraw(signal?.reason);
      const timer = setTimeout(() => withdraw(this.#options.busy()), waitMs);
      signal?.addEventListener("abort", gone);
      line.push(place);
    });
  }
}
