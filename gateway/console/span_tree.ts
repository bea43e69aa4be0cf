/** A trace's pieces of work as a tree, drawn line by line. */

/** What is needed of a piece of work. */
export interface Piece {
  readonly spanId: string;
  readonly parentId: string;
  readonly startMs: number;
}

/** A piece and how deep it lies. */
export interface Line<T extends Piece> {
  readonly span: T;
  readonly depth: number;
}

/** All pieces, each behind what it is a part of, in the order of time; what has lost its parent stands at the top. */
export function linesOf<T extends Piece>(spans: readonly T[]): Line<T>[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const parts = new Map<string, T[]>();
  for (const span of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    const parent = known.has(span.parentId) ? span.parentId : "";
    parts.set(parent, [...parts.get(parent) ?? [], span]);
  }
  const below = (parent: string, depth: number): Line<T>[] =>
    (parts.get(parent) ?? []).flatMap((span) => [{ span, depth }, ...below(span.spanId, depth + 1)]);
  return below("", 0);
}

/** A length of time: `0.42 ms`, `12 ms`, `1.35 s`. */
export function millisecondsText(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms >= 10 ? Math.round(ms) : ms.toPrecision(2)} ms`;
}
