/** Values in the JSON of protocol buffers, where a default is left out and a large number is a text. */

/** The messages of a list. */
export function rowsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map((row) => ({ ...Object(row) })) : [];
}

/** A text; empty where it was left out. */
export function textOf(value: unknown): string {
  return String(value ?? "");
}

/** A number; 0 where it was left out. */
export function numberOf(value: unknown): number {
  return Number(value ?? 0);
}

/** A time; undefined where there is none. */
export function dateOf(value: unknown): Date | undefined {
  return value === undefined ? undefined : new Date(String(value));
}
