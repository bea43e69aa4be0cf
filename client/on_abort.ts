/** Hears of the end of a signal that many hear of, each for a short time. */

const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when a signal aborts, unless that is taken back. To add and remove a listener of the signal's own each time
 * is dear in Node: one that was removed still points to those that came after it, with all that they hold.
 * @returns takes it back
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  let all = listeners.get(signal);
  if (all === undefined) {
    const made = new Set<() => void>();
    signal.addEventListener("abort", () => {
      for (const each of [...made]) each();
    }, { once: true });
    listeners.set(signal, all = made);
  }
  const hearing = all;
  hearing.add(call);
  return () => void hearing.delete(call);
}
