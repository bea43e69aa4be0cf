/** Logs, a line for each thing. Fields say what a machine looks for, the message what a person reads. */
import { jsonLine, type LogLine } from "./log_line.ts";
import { requestId } from "./request_id.ts";
import { traceIds } from "./telemetry.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** How much a line matters. */
export type Level = (typeof LEVELS)[number];

/** What a line tells besides its message. Never secrets, never a user's names. */
export type Fields = Readonly<Record<string, unknown>>;

/** A log. */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** The same log with fields that every line carries: a server's id, for instance. */
  with(fields: Fields): Logger;
}

/**
 * A log of lines from a level on.
 * @param write takes a line with its line end
 * @param format how a line is written
 */
export function createLogger(
  level: Level,
  write: (line: string) => void,
  common: Fields = {},
  format: (line: LogLine) => string = jsonLine,
): Logger {
  const log = (at: Level) => (message: string, fields: Fields = {}) => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return;
    const { traceId, spanId } = traceIds() ?? {};
    const ids = { requestId: requestId(), traceId, spanId };
    const line = { time: new Date().toISOString(), level: at, message, ...common, ...ids, ...fields };
    write(`${format(line)}\n`);
  };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    with: (fields) => createLogger(level, write, { ...common, ...fields }, format),
  };
}
