/** A circuit breaker: keeps calls away from what has failed several times in a row, and lets it prove itself again. */

/** Failures in a row that open it. */
const FAILURES = 5;
/** How long it stays open, in ms. */
const OPEN_MS = 30_000;
/** Successes in a row that close it again. */
const SUCCESSES = 3;

/** What a breaker thinks. */
export type BreakerState =
  | { readonly kind: "closed"; readonly failures: number }
  | { readonly kind: "open"; readonly until: number }
  | { readonly kind: "half-open"; readonly successes: number; readonly probing: boolean };

/** A call that was let through. Its end is told once: what is told later, or after the state has moved on, is not heard. */
export interface Pass {
  succeed(): void;
  fail(): void;
  /** The call has ended and says nothing of the other side. */
  release(): void;
}

/** Opens after five failures in a row; half-open after 30 s, with one call at a time; closes after three successes. */
export class Breaker {
  #state: BreakerState = { kind: "closed", failures: 0 };
  /** Calls that began before the state was last of another kind tell of a time that is over. */
  #era = 0;
  readonly #now: () => number;
  readonly #changed: (from: BreakerState["kind"], to: BreakerState["kind"]) => void;

  /**
   * @param now a clock in ms that never goes back
   * @param changed hears whenever the state becomes one of another kind
   */
  constructor(now: () => number, changed: (from: BreakerState["kind"], to: BreakerState["kind"]) => void = () => {}) {
    this.#now = now;
    this.#changed = changed;
  }

  /** The state now. */
  get state(): BreakerState {
    if (this.#state.kind === "open" && this.#now() >= this.#state.until) {
      this.#become({ kind: "half-open", successes: 0, probing: false });
    }
    return this.#state;
  }

  /** Asks to make a call; undefined where it must not be made now. */
  enter(): Pass | undefined {
    const state = this.state;
    if (state.kind === "open" || (state.kind === "half-open" && state.probing)) return undefined;
    if (state.kind === "half-open") this.#become({ ...state, probing: true });
    const era = this.#era;
    let told = false;
    const tell = (next: (state: BreakerState) => BreakerState) => {
      if (!told && era === this.#era) this.#become(next(this.#state));
      told = true;
    };
    return {
      succeed: () => tell(afterSuccess),
      fail: () => tell((now) => this.#afterFailure(now)),
      release: () => tell((now) => now.kind === "half-open" ? { ...now, probing: false } : now),
    };
  }

  /** Takes back what was held against the other side: it was not to blame. */
  forgive(): void {
    this.#become({ kind: "closed", failures: 0 });
  }

  #afterFailure(state: BreakerState): BreakerState {
    const failures = state.kind === "closed" ? state.failures + 1 : FAILURES;
    if (failures < FAILURES) return { kind: "closed", failures };
    return { kind: "open", until: this.#now() + OPEN_MS };
  }

  #become(state: BreakerState): void {
    const from = this.#state.kind;
    this.#state = state;
    if (from === state.kind) return;
    this.#era++;
    this.#changed(from, state.kind);
  }
}

function afterSuccess(state: BreakerState): BreakerState {
  const successes = state.kind === "half-open" ? state.successes + 1 : SUCCESSES;
  if (successes >= SUCCESSES) return { kind: "closed", failures: 0 };
  return { kind: "half-open", successes, probing: false };
}
