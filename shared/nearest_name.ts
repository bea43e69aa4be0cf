/** Names that were nearly right. */

/** The most letters that are wrong, missing or too many. */
const MOST = 2;

/** The name that is nearest to a misspelt one; undefined when none is near. */
export function nearestName(misspelt: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = MOST + 1;
  for (const name of names) {
    const steps = stepsBetween(misspelt, name);
    if (steps < least) [best, least] = [name, steps];
  }
  return best;
}

/** How many letters must be changed, left out or put in (Levenshtein). */
function stepsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
