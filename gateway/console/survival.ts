/** How many servers a file can still lose. */

/** Where a chunk is. */
export interface Place {
  readonly segment: number;
  readonly serverId: string;
}

/**
 * How many more servers may be lost, whichever they are, before a file cannot be read: that of its worst segment, whose
 * most laden servers go first. -1 where it cannot be read now.
 * @param segments how many chunks each needs
 * @param isUp whether a server's chunks can be read
 */
export function lossesLeft(
  segments: readonly { readonly segment: number; readonly k: number }[],
  chunks: readonly Place[],
  isUp: (serverId: string) => boolean,
): number {
  return Math.min(...segments.map(({ segment, k }) => {
    const held = new Map<string, number>();
    for (const { serverId } of chunks.filter((chunk) => chunk.segment === segment && isUp(chunk.serverId))) {
      held.set(serverId, (held.get(serverId) ?? 0) + 1);
    }
    let left = [...held.values()].reduce((sum, count) => sum + count, 0);
    if (left < k) return -1;
    const heaviest = [...held.values()].sort((a, b) => b - a);
    return heaviest.findIndex((count) => (left -= count) < k);
  }));
}

/** The same as a sentence. */
export function survivalText(losses: number): string {
  if (losses < 0) return "Cannot be read now: too many of its servers are away.";
  if (losses === 0) return "Survives no more losses: repair is needed before another server goes.";
  return `Survives ${losses === 1 ? "one more loss" : losses === 2 ? "two more losses" : `${losses} more losses`}.`;
}
