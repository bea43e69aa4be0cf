/** Runs the background work of one gateway: each kind step by step, with jitter, back-off, a status, and a prompt end. */
import type { Logger } from "../../shared/logger.ts";
import { sleep } from "../../shared/sleep.ts";
import type { WorkStatus } from "../core/cluster/work_status.ts";

/** A kind of background work. */
export interface Work {
  readonly name: string;
  /** How long to wait, in seconds, once a step has found nothing to do. */
  readonly everySeconds: number;
  /** How many steps may run at once; one where it is not said. */
  readonly lanes?: number;
  /**
   * Does one step, small enough to stop promptly after it. Other gateways do the same work at the same time.
   * @returns how much was done, in the work's own unit; more than 0 means that the next step follows at once
   */
  readonly step: (signal: AbortSignal) => Promise<number>;
}

const FIRST_BACK_OFF_MS = 1000;
const LAST_BACK_OFF_MS = 300_000;

/** Runs any number of kinds of work until it is stopped. */
export class Runner {
  readonly #log: Logger;
  readonly #statuses = new Map<string, WorkStatus>();
  readonly #naps = new Map<string, Set<AbortController>>();
  readonly #stopping = new AbortController();
  readonly #lanes: Promise<void>[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Begins with a kind of work; its first step runs at once. */
  start(work: Work): void {
    const { name } = work;
    const status = {
      name,
      running: 0,
      lastStart: undefined,
      lastEnd: undefined,
      lastError: undefined,
      failures: 0,
      done: 0,
    };
    this.#statuses.set(work.name, status);
    this.#naps.set(work.name, new Set());
    for (let lane = 0; lane < (work.lanes ?? 1); lane++) this.#lanes.push(this.#run(work, status));
  }

  /** How every kind of work is doing now. */
  get statuses(): readonly Readonly<WorkStatus>[] {
    return [...this.#statuses.values()];
  }

  /** There may be something to do for this kind of work: it does not wait any longer. */
  wake(name: string): void {
    for (const nap of this.#naps.get(name) ?? []) nap.abort();
  }

  /** Ends all work: running steps are told by their signal, and waited for. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#lanes);
  }

  async #run(work: Work, status: WorkStatus): Promise<void> {
    const stopping = this.#stopping.signal;
    while (!stopping.aborted) {
      let waitMs = 0;
      status.running++;
      status.lastStart = new Date();
      try {
        const done = await work.step(stopping);
        status.done += done;
        status.failures = 0;
        status.lastError = undefined;
        // Gateways that started together must not keep coming together.
        if (done === 0) waitMs = work.everySeconds * 1000 * (0.9 + 0.2 * Math.random());
      } catch (error) {
        if (stopping.aborted) return;
        status.lastError = error instanceof Error ? error.message : String(error);
        const most = Math.min(LAST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** status.failures++);
        waitMs = most * (0.5 + 0.5 * Math.random());
        this.#log.warn("background work failed and is tried again", { work: work.name, error });
      } finally {
        status.running--;
        status.lastEnd = new Date();
      }
      if (waitMs > 0) await this.#nap(work.name, waitMs);
    }
  }

  async #nap(name: string, ms: number): Promise<void> {
    const nap = new AbortController();
    this.#naps.get(name)?.add(nap);
    await sleep(ms, AbortSignal.any([this.#stopping.signal, nap.signal]));
    this.#naps.get(name)?.delete(nap);
  }
}
