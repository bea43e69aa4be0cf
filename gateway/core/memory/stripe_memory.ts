/**
 * The memory of all transfers: one budget of stripes. Uploads fill them, downloads read into them, and a stripe that one
 * has let go of serves the other. Each kind leaves a quarter to the other, so that neither can shut the other out.
 */
import { Stripe } from "../../../shared/erasure.ts";
import { CHUNKS, type Layout } from "../../../shared/layout.ts";
import { Lendings } from "./lendings.ts";
import { MemoryLine, type MemoryLoad } from "./memory_line.ts";

/** Stripes of one layout and block size. */
export class StripeMemory {
  readonly uploads: StripeShare;
  readonly downloads: StripeShare;
  /** What holds stripes and could do without for now. */
  readonly lendings: Lendings = new Lendings(() => this.#shares.some(({ waiting }) => waiting > 0));
  readonly #shares: readonly StripeShare[];
  readonly #idle: Stripe[] = [];
  #left: number;

  /** @param budget bytes that all stripes together may take; at least one of each kind is made */
  constructor(readonly layout: Layout, readonly blockSize: number, budget: number) {
    const total = Math.max(2, Math.floor(budget / (CHUNKS * blockSize)));
    const most = total - Math.max(1, total >> 2);
    this.#left = total;
    this.uploads = new StripeShare(this, most);
    this.downloads = new StripeShare(this, most);
    this.#shares = [this.uploads, this.downloads];
  }

  /** Stripes that nobody holds. */
  get free(): number {
    return this.#left + this.#idle.length;
  }

  /** One of the free stripes. What it holds is anything. */
  pop(): Stripe {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    this.#left--;
    return new Stripe(this.layout, this.blockSize);
  }

  /** Takes stripes back, for those that wait: first of the kind that holds less. */
  push(stripes: readonly Stripe[]): void {
    this.#idle.push(...stripes);
    for (const share of [...this.#shares].sort((a, b) => a.held - b.held)) share.serve();
  }
}

/** The stripes that one kind of transfers may hold. */
export class StripeShare {
  readonly #line = new MemoryLine<Stripe[]>();
  #held = 0;

  /** @param most of the memory's stripes */
  constructor(readonly memory: StripeMemory, readonly most: number) {}

  get held(): number {
    return this.#held;
  }

  /** How many transfers wait. */
  get waiting(): number {
    return this.#line.waiting;
  }

  /** Whether some wait for longer than it takes when all goes well. */
  get crowded(): boolean {
    return this.#line.crowded;
  }

  /** How much is taken now. */
  get load(): MemoryLoad {
    const stripe = CHUNKS * this.memory.blockSize;
    return { used: this.#held * stripe, limit: this.most * stripe, waiting: this.waiting };
  }

  /**
   * Takes stripes, all at once; waits in line while there are not enough. More than the share has are not waited for.
   * @param begun whether the transfer has had memory before
   * @throws SixfoldError `resource_exhausted` when that takes too long
   */
  async take(count: number, signal: AbortSignal, begun: boolean): Promise<Stripe[]> {
    signal.throwIfAborted();
    const need = Math.min(count, this.most);
    const now = this.tryTake(need);
    if (now !== undefined) return now;
    const later = this.#line.wait(need, signal, begun, () => this.serve());
    this.memory.lendings.callIn();
    return await later;
  }

  /** Takes stripes if there are enough now and nobody waits. */
  tryTake(count: number): Stripe[] | undefined {
    return this.#line.empty && this.#fits(count) ? this.#hold(count) : undefined;
  }

  give(stripes: readonly Stripe[]): void {
    this.#held -= stripes.length;
    this.memory.push(stripes);
  }

  /** Gives those in line what there is, in turn. */
  serve(): void {
    for (let { first } = this.#line; first !== undefined && this.#fits(first.need); first = this.#line.first) {
      first.give(this.#hold(first.need));
    }
  }

  #fits(count: number): boolean {
    return this.#held + count <= this.most && count <= this.memory.free;
  }

  #hold(count: number): Stripe[] {
    this.#held += count;
    return Array.from({ length: count }, () => this.memory.pop());
  }
}
