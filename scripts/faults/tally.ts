/** What clients have seen in a run: how many calls, how long they took, and what must not have happened. */
export class Tally {
  readonly counts = new Map<string, number>();
  /** What must not have happened, in words. */
  readonly faults: string[] = [];
  /** Calls that failed where they may, and were made again. */
  retries = 0;
  bytes = 0;
  slowest = 0;

  /** One more of a kind. */
  add(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  toString(): string {
    const counts = [...this.counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
    const gib = (this.bytes / 2 ** 30).toFixed(1);
    return `${counts}; ${gib} GiB; slowest ${(this.slowest / 1000).toFixed(1)} s; ${this.retries} calls made again`;
  }
}
