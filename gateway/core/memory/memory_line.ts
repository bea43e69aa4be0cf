/** Who waits for memory: those that have begun come first, in turn; then those that have not, the newest first. */
import { SixfoldError } from "../../../shared/errors.ts";

/** How long one may wait for memory, in ms. Slow clients that hold it are cut off long before. */
const WAIT_MS = 30_000;
/** How many may wait that have not begun: as many windows or stripes as come free in some seconds. */
const LINE = 256;
/** When somebody has waited for so long, in ms, it is crowded. */
const CROWDED_MS = 500;

/** How much of some memory is taken. */
export interface MemoryLoad {
  /** In bytes, as is `limit`. */
  readonly used: number;
  readonly limit: number;
  /** Transfers that wait for it. */
  readonly waiting: number;
}

/** One that waits. */
export interface Waiter<T> {
  readonly need: number;
  readonly give: (memory: T) => void;
}

interface Place<T> extends Waiter<T> {
  readonly since: number;
  readonly refuse: (reason: unknown) => void;
}

/** A line in front of some memory. */
export class MemoryLine<T> {
  readonly #begun: Place<T>[] = [];
  readonly #fresh: Place<T>[] = [];

  /** Whether nobody waits. */
  get empty(): boolean {
    return this.waiting === 0;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#begun.length + this.#fresh.length;
  }

  /** Whether somebody has waited for longer than it takes when all goes well. */
  get crowded(): boolean {
    const oldest = Math.min(this.#begun[0]?.since ?? Infinity, this.#fresh[0]?.since ?? Infinity);
    return performance.now() - oldest > CROWDED_MS;
  }

  /** The one whose turn it is. */
  get first(): Waiter<T> | undefined {
    return this.#begun[0] ?? this.#fresh.at(-1);
  }

  /**
   * Waits for memory.
   * @param need how much, in the owner's own unit
   * @param begun whether the transfer has had memory before
   * @param left hears when somebody has given up waiting: it may be another one's turn
   * @throws SixfoldError `resource_exhausted` when it takes too long
   */
  async wait(need: number, signal: AbortSignal, begun: boolean, left: () => void): Promise<T> {
    const line = begun ? this.#begun : this.#fresh;
    if (!begun && line.length >= LINE) line[0]?.refuse(exhausted());
    return await new Promise<T>((resolve, reject) => {
      const out = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", gone);
        line.splice(line.indexOf(place), 1);
      };
      const refuse = (reason: unknown) => {
        out();
        reject(reason);
        left();
      };
      const gone = () => refuse(signal.reason);
      const timer = setTimeout(() => refuse(exhausted()), WAIT_MS);
      const place: Place<T> = {
        need,
        since: performance.now(),
        refuse,
        give: (memory) => (out(), resolve(memory)),
      };
      signal.addEventListener("abort", gone, { once: true });
      line.push(place);
    });
  }
}

function exhausted(): SixfoldError {
  return new SixfoldError("resource_exhausted", "the gateway's memory is taken by other transfers; try again");
}
