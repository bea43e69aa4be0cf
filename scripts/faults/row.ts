/** One row of the matrix of faults: what is done to the system, and what must come of it. */
import type { Stage } from "./stage.ts";

/** What clients do while the fault happens. `once` is for faults that are a deed of their own. */
export type Phase = "idle" | "uploading" | "downloading" | "once";

/** The phases of a fault that can happen at any time. */
export const ALWAYS: readonly Phase[] = ["idle", "uploading", "downloading"];

/** What a machine must offer for a row. */
export type Need = "root" | "loop" | "strace" | "iptables" | "xfs" | "faketime" | "cgroup";

/** A row. Its number is its name: numbers are never given anew. */
export interface Row {
  readonly number: number;
  readonly name: string;
  /** How the fault is made. */
  readonly inject: string;
  /** What must happen. */
  readonly expect: string;
  readonly phases: readonly Phase[];
  readonly needs?: readonly Need[];
  /** Why the row is run nowhere. */
  readonly notRun?: string;
  /** Whether each daemon must have a disk of its own. */
  readonly disks?: boolean;
  /** The phases in which the row belongs to the short run. */
  readonly quick?: readonly Phase[];
  /**
   * Makes the fault in one phase, checks what came of it, and heals it.
   * @param stage a whole cluster; it must be whole again afterwards
   * @throws Error that says what went wrong
   */
  readonly run: (stage: Stage, phase: Phase) => Promise<void>;
}

/** @throws Error that says `what` is not so */
export function check(right: boolean, what: string): asserts right {
  if (!right) throw new Error(what);
}
