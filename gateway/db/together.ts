/** Questions that come while others are being answered are asked together: none waits for others to come. */
import type { SixfoldError } from "../../shared/errors.ts";

/** How questions are asked. */
export interface TogetherOptions<Q, A> {
  /** Asks them all at once. @returns their answers in order */
  readonly ask: (questions: readonly Q[]) => Promise<readonly A[]>;
  /** How many rounds may be under way. */
  readonly rounds: number;
  /** How many questions one round takes. */
  readonly most: number;
  /** How long a question waits for its round, in ms. */
  readonly waitMs: number;
  /** What a question is told that has waited in vain. */
  readonly busy: () => SixfoldError;
}

/** One that waits. */
interface Waiting<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (reason: unknown) => void;
}

/** Asks them. */
export class Together<Q, A> {
  readonly #options: TogetherOptions<Q, A>;
  #line: Waiting<Q, A>[] = [];
  #rounds = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: TogetherOptions<Q, A>) {
    this.#options = options;
  }

  /** The answer to a question. @throws what its round throws */
  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#line.push({ question, resolve, reject });
      if (this.#rounds < this.#options.rounds) void this.#goOn();
      else this.#timer ??= setTimeout(() => this.#sendAway(), this.#options.waitMs);
    });
  }

  async #goOn(): Promise<void> {
    this.#rounds++;
    while (this.#line.length > 0) {
      const round = this.#line.splice(0, this.#options.most);
      clearTimeout(this.#timer);
      this.#timer = undefined;
      try {
        const answers = await this.#options.ask(round.map(({ question }) => question));
        round.forEach(({ resolve }, i) => resolve(answers[i] as A));
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    this.#rounds--;
  }

  /** No round has begun for as long as a question may wait: so nobody here is served soon. */
  #sendAway(): void {
    this.#timer = undefined;
    for (const { reject } of this.#line.splice(0)) reject(this.#options.busy());
  }
}
