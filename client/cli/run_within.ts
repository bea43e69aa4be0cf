/** Runs transfers at once, within a number and within memory. */

/** What all that runs may take together. */
export interface Limits {
  readonly bytes: number;
  /** How many may run at once. */
  readonly turns: number;
}

/**
 * Works on each item, in their order, as soon as there is room for it. What would hold more than there is at all runs alone.
 * No item has a promise before its turn: in Node, a long row of them that wait is dear, as none of what they meet later
 * is found to be garbage cheaply.
 * @param bytesOf how much an item holds
 * @throws what the first one threw that failed, once those that were begun have ended
 */
export async function runWithin<Item>(
  limits: Limits,
  items: Iterable<Item>,
  bytesOf: (item: Item) => number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let { bytes, turns } = limits;
  let failure: { readonly error: unknown } | undefined;
  let wake = () => {};
  const change = () => new Promise<void>((resolve) => wake = resolve);
  const run = async (item: Item, held: number) => {
    try {
      await work(item);
    } catch (error) {
      failure ??= { error };
    }
    bytes += held;
    turns++;
    wake();
  };
  for (const item of items) {
    const held = Math.min(bytesOf(item), limits.bytes);
    while (turns === 0 || bytes < held) await change();
    if (failure !== undefined) break;
    turns--;
    bytes -= held;
    void run(item, held);
  }
  while (turns < limits.turns) await change();
  if (failure !== undefined) throw failure.error;
}
