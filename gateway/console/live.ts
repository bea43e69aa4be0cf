/** What the gateway has done in the last minute, a beat for each second. */
import { signal } from "@preact/signals";
import type { WatchResponse } from "../../shared/gen/sixfold/v1/cluster_pb.ts";

/** A second of it. */
export interface Beat {
  /** Bytes per second. */
  readonly stored: number;
  /** Bytes per second. */
  readonly read: number;
  /** Requests per second. */
  readonly requests: number;
  readonly failed: number;
  readonly medianMs: number;
  readonly slowMs: number;
}

/** So many beats are kept. */
export const BEATS = 60;

/** The newest last; undefined while the gateway is not heard live. */
export const beats = signal<readonly Beat[] | undefined>(undefined);

/** Adds one. */
export function takeBeat({ seconds, bytesStored, bytesRead, requests, failed, medianMs, slowMs }: WatchResponse): void {
  const per = (count: number | bigint) => Number(count) / Math.max(0.1, seconds);
  const beat = { stored: per(bytesStored), read: per(bytesRead), requests: per(requests), failed, medianMs, slowMs };
  beats.value = [...beats.value ?? [], beat].slice(-BEATS);
}

/** The gateway is not heard live. */
export function noBeats(): void {
  beats.value = undefined;
}

/** A round number of units that is no less than all values, for the top of a chart: 1, 2 or 5 with zeros. */
export function roundTop(values: readonly number[], unit: number): number {
  const most = Math.max(unit, ...values) / unit;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].map((step) => step * power).find((top) => top >= most) ?? most) * unit;
}
