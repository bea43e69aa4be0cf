/** Times as they are written in the command's options. */
import { SixfoldError } from "../../shared/errors.ts";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `15m`, `12h` or `30d` in seconds. @throws SixfoldError `invalid_argument` */
export function secondsOf(text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return Number(count) * (SECONDS[unit] ?? 0);
  throw new SixfoldError("invalid_argument", `"${text}" is no time; write it as 90s, 15m, 12h or 30d`);
}
