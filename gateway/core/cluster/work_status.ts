/** How a kind of background work is doing. */
export interface WorkStatus {
  readonly name: string;
  /** Steps that run now. */
  running: number;
  /** When a step last began. */
  lastStart: Date | undefined;
  /** When a step last ended. */
  lastEnd: Date | undefined;
  /** What the last step that failed has failed of; undefined once one has succeeded after it. */
  lastError: string | undefined;
  /** Failures since the last success. */
  failures: number;
  /** All that was done since the gateway started. */
  done: number;
}
