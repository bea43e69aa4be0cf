/** Numbers and times for people. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const whole = new Intl.NumberFormat("en");

/** `0 B`, `1.5 KiB`, `120 MiB`: three digits at most. */
export function sizeText(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  for (; value >= 1000 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(value < 10 ? 2 : 3)} ${UNITS[unit]}`;
}

/** `12,345`. */
export function countText(count: number | bigint): string {
  return whole.format(count);
}

/** `1 file`, `2 files`. */
export function plural(count: number | bigint, one: string, many = `${one}s`): string {
  return `${countText(count)} ${Number(count) === 1 ? one : many}`;
}

/** `45 s`, `3 min`, `2 h`, `9 days`. */
export function timeText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** `37.5 %`. */
export function percentText(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** `25 Nov 2026, 13:05`. */
export function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? "–" : day.format(date);
}

/** Bytes as hex. */
export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
