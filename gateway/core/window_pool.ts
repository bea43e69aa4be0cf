/** The memory that all downloads share: windows are taken from a fixed budget, and new work waits for one. */
import { SixfoldError } from "../../shared/errors.ts";
import { Turnstile } from "../../shared/turnstile.ts";
import { MemoryLine, type MemoryLoad } from "./memory_line.ts";

/** Bytes of a window that is kept and used again; a larger one is made as it is needed. */
const STANDARD = 2 * 1024 * 1024 + 64 * 1024;

/** Downloads that may be on the way to their first byte, and as many more that may wait for that. */
const STARTING = 64;
const START_WAIT_MS = 2000;

/** Memory for one window of each of some chunks. Its contents are the next taker's once it was given back. */
export interface Windows {
  readonly memory: readonly Uint8Array[];
  readonly cost: number;
  /**
   * One window more at once, even beyond the budget, which new work then waits for: who holds windows must not wait for
   * others who do. Of a segment's six chunks none is asked twice, so that this too has its bounds.
   */
  readonly extend: () => Uint8Array;
}

/** Windows within a budget of bytes. */
export class WindowPool {
  readonly #idle: Uint8Array[] = [];
  readonly #taken = new Set<Windows>();
  readonly #line = new MemoryLine<void>();
  /**
   * Downloads from their beginning, before the first query, to their first byte: who must come back later should cost
   * next to nothing.
   */
  readonly starting = new Turnstile({ most: STARTING, line: STARTING, waitMs: START_WAIT_MS, busy });
  readonly #budget: number;
  #left: number;

  /** @param budget bytes that all windows together may take; a request for more than that gets its turn alone */
  constructor(budget: number) {
    this.#budget = budget;
    this.#left = budget;
  }

  /** Whether downloads wait for longer than it takes when all goes well. */
  get crowded(): boolean {
    return this.#line.crowded;
  }

  /** How much is taken now. */
  get load(): MemoryLoad {
    return { used: this.#budget - this.#left, limit: this.#budget, waiting: this.#line.waiting };
  }

  /**
   * Takes windows of at least `bytes` each, all at once; waits in line while there is not enough.
   * @param begun whether the download has had windows before
   * @throws SixfoldError `resource_exhausted` when that takes too long
   */
  async take(count: number, bytes: number, signal: AbortSignal, begun = false): Promise<Windows> {
    signal.throwIfAborted();
    const cost = this.#cost(count, bytes);
    if (this.#line.empty && this.#left >= cost) this.#left -= cost;
    else await this.#line.wait(cost, signal, begun, () => this.#next());
    return this.#make(count, bytes, cost);
  }

  /** Takes windows if there is room now and nobody waits. */
  tryTake(count: number, bytes: number): Windows | undefined {
    const cost = this.#cost(count, bytes);
    if (!this.#line.empty || this.#left < cost) return undefined;
    this.#left -= cost;
    return this.#make(count, bytes, cost);
  }

  /** Gives windows back. Whoever has failed between giving and taking may do it again: memory must not be given to two. */
  give(windows: Windows): void {
    if (!this.#taken.delete(windows)) return;
    const { memory, cost } = windows;
    this.#idle.push(...memory.filter(({ length }) => length === STANDARD));
    this.#left += cost;
    this.#next();
  }

  #next(): void {
    for (let { first } = this.#line; first !== undefined && first.need <= this.#left; first = this.#line.first) {
      this.#left -= first.need;
      first.give();
    }
  }

  #cost(count: number, bytes: number): number {
    return Math.min(this.#budget, count * Math.max(bytes, STANDARD));
  }

  #make(count: number, bytes: number, cost: number): Windows {
    const one = () => bytes > STANDARD ? new Uint8Array(bytes) : this.#idle.pop() ?? new Uint8Array(STANDARD);
    const memory = Array.from({ length: count }, one);
    const windows = {
      memory,
      cost,
      extend: () => {
        const more = one();
        const price = this.#cost(1, bytes);
        memory.push(more);
        windows.cost += price;
        this.#left -= price;
        return more;
      },
    };
    this.#taken.add(windows);
    return windows;
  }
}

function busy(): SixfoldError {
  return new SixfoldError("resource_exhausted", "too many downloads at once; try again");
}
