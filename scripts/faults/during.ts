/** A fault in the middle of what clients do. */
import type { Content } from "./content.ts";
import type { Outcome } from "./file_client.ts";
import { check, type Phase } from "./row.ts";
import type { Stage } from "./stage.ts";

const MIB = 1024 * 1024;
/** Large enough that most of it is still to come when half of it has passed. */
const SIZE = 96 * MIB;

/** A fault and its end. */
export interface Fault {
  inject(): void | Promise<void>;
  heal(): void | Promise<unknown>;
}

/** What clients may see of a fault. */
export interface Tolerance {
  /** The statuses, besides success, that a call may have during the fault; 0 is a broken transfer. None by default. */
  readonly allow?: readonly number[];
  /** The longest that a call may take, in ms. */
  readonly withinMs?: number;
}

/**
 * Makes a fault while the cluster is idle, or in the middle of an upload or a download, uses the cluster with the fault
 * still there, and heals it.
 */
export async function during(stage: Stage, phase: Phase, fault: Fault, tolerance: Tolerance = {}): Promise<void> {
  const judge = (what: string, { status, code, ms, wrong }: Outcome, right: number) => {
    check(wrong === undefined, `${what}: ${wrong}`);
    const fine = status === right || (tolerance.allow ?? []).includes(status);
    check(fine, `${what}: ${status} ${code} after ${ms} ms`);
    check(ms <= (tolerance.withinMs ?? 15_000), `${what}: took ${ms} ms`);
  };
  let kept: Content | undefined;
  if (phase !== "uploading") {
    kept = stage.content(phase === "idle" ? 8 * MIB : SIZE);
    judge("the upload before the fault", await stage.put(`${phase}-before`, kept), 201);
  }
  const atHalf = (): (bytes: number) => Promise<void> => {
    let done = false;
    return async (bytes) => {
      if (done || bytes < SIZE / 2) return;
      done = true;
      await fault.inject();
    };
  };
  try {
    if (phase === "uploading") {
      kept = stage.content(SIZE);
      const outcome = await stage.put("uploading", kept, 0, { onBytes: atHalf() });
      judge("the upload", outcome, 201);
      if (outcome.status !== 201) kept = undefined;
    } else if (phase === "downloading") {
      judge(
        "the download",
        await stage.get("downloading-before", kept ?? stage.content(0), 0, { onBytes: atHalf() }),
        200,
      );
    } else await fault.inject();
    const fresh = stage.content(2 * MIB);
    const stored = await stage.put(`${phase}-after`, fresh);
    judge("an upload with the fault there", stored, 201);
    if (stored.status === 201) {
      judge("a download of what was stored with the fault there", await stage.get(`${phase}-after`, fresh), 200);
    }
    const key = phase === "uploading" ? "uploading" : `${phase}-before`;
    if (kept) judge("a download of what was stored before", await stage.get(key, kept), 200);
  } finally {
    await fault.heal();
  }
}
