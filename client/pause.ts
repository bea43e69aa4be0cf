/** Holds an upload back, and lets it go on. */
export class Pause {
  #held = false;
  #waiting: (() => void)[] = [];
  /** Removes what has arrived; set once there is something. */
  onAbandon: () => Promise<void> = () => Promise.resolve();

  /** Takes effect when the parts on their way have arrived. */
  hold(): void {
    this.#held = true;
  }

  /** Ends the pause. */
  release(): void {
    this.#held = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Resolves when there is no pause, or the signal aborts. */
  async over(signal: AbortSignal): Promise<void> {
    while (this.#held && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const go = () => {
          signal.removeEventListener("abort", go);
          resolve();
        };
        this.#waiting.push(go);
        signal.addEventListener("abort", go);
      });
    }
  }
}
