/** The last net: what no code has caught is counted and told, and does not end the process in the middle of its work. */
import process from "node:process";
import type { Logger } from "./logger.ts";

/** What went through. */
export interface Uncaught {
  /** How much it was. */
  readonly count: number;
}

/**
 * Spreads the net. A promise that nobody heard rejects alone: its request is lost and nothing else, and so the process goes
 * on. After an exception in a callback nothing is known for sure: the process ends, in order.
 * @param end begins the orderly end
 */
export function catchUncaught(log: Logger, end: () => void): Uncaught {
  const uncaught = { count: 0 };
  process.on("unhandledRejection", (error: unknown) => {
    uncaught.count++;
    log.error("a rejection was handled by nobody; this is a mistake in Sixfold, please report it", { error });
  });
  process.on("uncaughtException", (error: unknown) => {
    uncaught.count++;
    log.error("an exception was caught by nobody, and this process ends; please report it", { error });
    end();
  });
  return uncaught;
}
