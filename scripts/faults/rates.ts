/** Rates of a load in windows: their median says what was usual, however busy the machine was for a moment. */
import type { Sample } from "./load_client.ts";

/** The length of a window in seconds. */
export const WINDOW = 2;

/** The rate came back to 90 % of what is usual. */
const BACK = 0.9;

/** Good answers per second in each whole window that lies between two moments, in seconds. */
export function goodRates(samples: readonly Sample[], from: number, to: number): number[] {
  const rates: number[] = Array.from({ length: Math.floor((to - from) / WINDOW) }, () => 0);
  for (const [at, ms, status] of samples) {
    if (status !== 200 && status !== 201) continue;
    const window = Math.floor(((at + ms) / 1000 - from) / WINDOW);
    const rate = rates[window];
    if (rate !== undefined) rates[window] = rate + 1 / WINDOW;
  }
  return rates;
}

/** The middle one of some numbers; the lower of two. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? 0;
}

/** Seconds until the end of the first window that was as good as usual; Infinity where there is none. */
export function secondsUntilBack(rates: readonly number[], usual: number): number {
  const first = rates.findIndex((rate) => rate >= BACK * usual);
  return first < 0 ? Infinity : (first + 1) * WINDOW;
}
