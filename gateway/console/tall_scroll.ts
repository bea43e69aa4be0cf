/** Scrolls what is taller than browsers can draw. */

/** Firefox draws nothing below 17.8 million pixels, Chromium nothing below 33.5. */
const TALLEST = 15_000_000;

/** How a list is scrolled. */
export interface Scroll {
  /** Its height on the page, in pixels. */
  readonly drawn: number;
  /** Pixels of the list for each that is scrolled: more than one only where it is too tall. */
  readonly scale: number;
}

/** @param total height of all rows @param view height of what can be seen of them */
export function scrollOf(total: number, view: number): Scroll {
  const drawn = Math.min(total, TALLEST);
  return { drawn, scale: drawn === total ? 1 : (total - view) / (drawn - view) };
}
