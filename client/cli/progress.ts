/** How far a transfer is: a bar with rate and time left on a terminal, and nothing elsewhere. */
import cliProgress from "cli-progress";
import type { CliSession } from "./session.ts";
import { humanSize, humanTime } from "./human.ts";

/** A transfer that is shown. */
export interface Progress {
  /** Tells how many bytes are done; those that were there before count for no rate. */
  at(bytes: number, before?: number): void;
  /** More is to come than was known. */
  expect(total: number | undefined): void;
  end(): void;
}

const SMOOTHING_MS = 5000;

/** Shows a transfer. @param total in bytes; undefined while it is not known */
export function showProgress({ bars }: CliSession, name: string, total: number | undefined): Progress {
  if (!bars) return { at() {}, expect() {}, end() {} };
  const began = Date.now();
  let expected = total;
  let rate = 0;
  let last = { bytes: 0, at: began };
  const bar = new cliProgress.SingleBar({
    hideCursor: true,
    clearOnComplete: true,
    format: (options, params) => {
      const done = `${humanSize(params.value)}${expected === undefined ? "" : ` of ${humanSize(expected)}`}`;
      const left = expected === undefined ? "" : `, ${humanTime((expected - params.value) / rate)} left`;
      const line = expected === undefined ? "" : `${cliProgress.Format.BarFormat(params.progress, options)} `;
      return `${name}  ${line}${done}, ${humanSize(rate)}/s${left}`;
    },
  }, cliProgress.Presets.shades_classic);
  bar.start(expected ?? 0, 0);
  return {
    at(bytes, before = 0) {
      const now = Date.now();
      if (last.bytes < before) last = { bytes: before, at: now };
      const weight = Math.min(1, (now - last.at) / SMOOTHING_MS);
      if (now > last.at) rate += (((bytes - last.bytes) * 1000) / (now - last.at) - rate) * (rate === 0 ? 1 : weight);
      last = { bytes, at: now };
      bar.update(bytes);
    },
    expect(total) {
      expected = total;
      if (total !== undefined) bar.setTotal(total);
    },
    end: () => bar.stop(),
  };
}
