/**
 * What the client knows, kept outside of the system: for each key everything that a read may find. A line is on the disk
 * before the call that it announces, and an answer counts only once its own line is.
 */
import type { Content } from "./content.ts";

/** A content, or nothing under the key. */
export type State = Content | "absent";

/** The keys and what may be under them. */
export class Manifest implements Disposable {
  readonly #states = new Map<string, State[]>();
  readonly #file: Deno.FsFile;

  /** @param path of a file that is made anew */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { create: true, truncate: true, write: true });
  }

  /** All keys that were ever named. */
  get keys(): string[] {
    return [...this.#states.keys()];
  }

  /** What a read of a key may find. More than one state: a call whose end is not known could have made it so. */
  statesOf(key: string): readonly State[] {
    return this.#states.get(key) ?? ["absent"];
  }

  /** A call begins that may bring the key to a state. */
  async begin(key: string, state: State): Promise<void> {
    this.#states.set(key, [...new Set([...this.statesOf(key), state])]);
    await this.#write("begin", key, state);
  }

  /** The key was seen in this state while nothing happened to it: it is in this one and no other. */
  observe(key: string, state: State): void {
    this.#states.set(key, [state]);
  }

  /** Forgets keys that are known to be absent. */
  forgetAbsent(): void {
    for (const [key, states] of this.#states) {
      if (states.length === 1 && states[0] === "absent") this.#states.delete(key);
    }
  }

  /** A call was acknowledged: the key is in this state and no other. */
  async acknowledge(key: string, state: State): Promise<void> {
    await this.#write("acknowledged", key, state);
    this.#states.set(key, [state]);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  async #write(what: string, key: string, state: State): Promise<void> {
    const body = state === "absent" ? { state } : { state: "stored", size: state.size, sha256: state.sha256() };
    const line = new TextEncoder().encode(`${JSON.stringify({ what, key, ...body })}\n`);
    for (let at = 0; at < line.length;) at += this.#file.writeSync(line.subarray(at));
    await this.#file.syncData();
  }
}
