/** The log of a process: on standard error, and in files where a setting names a folder for them. */
import { bytes, choice, integer, only, type Settings, text } from "./config.ts";
import { LogFile } from "./log_file.ts";
import { jsonLine, terminalLine } from "./log_line.ts";
import { createLogger, type Fields, type Logger } from "./logger.ts";

/** The settings of a log. */
export const LOG_SETTINGS = {
  SIXFOLD_LOG: choice("The least level that is logged.", "info", "debug", "info", "warn", "error"),
  SIXFOLD_LOG_DIR: text("A folder for log files, besides standard error; none by default.", ""),
  SIXFOLD_LOG_SIZE: only(
    bytes("The size at which a log file is set aside and the next one begun.", "16M"),
    "a size from 64K on",
    (size) => size >= 64 * 1024,
  ),
  SIXFOLD_LOG_FILES: integer("How many log files a process keeps, the oldest go.", "5", 1, 1000),
} as const;

/** Where the lines for people go. */
export interface StandardError {
  readonly isTerminal: boolean;
  write(line: string): void;
}

/** The end waits so long for a disk that may hang. */
const CLOSE_MS = 2000;

/** A log that has an end. */
export interface ProcessLog {
  readonly log: Logger;
  /** Waits for the lines that are on their way to a file. */
  close(): Promise<void>;
}

/** Opens the log of a process. @param port tells it from its neighbours, which may use the same folder */
export function openProcessLog(
  settings: Settings<typeof LOG_SETTINGS>,
  { service, port }: { readonly service: string; readonly port: number },
  standard: StandardError,
): ProcessLog {
  const { SIXFOLD_LOG: level, SIXFOLD_LOG_DIR: folder, SIXFOLD_LOG_SIZE: size, SIXFOLD_LOG_FILES: files } = settings;
  const format = standard.isTerminal ? terminalLine : jsonLine;
  const shown = createLogger(level, (line) => standard.write(line), { service }, format);
  if (folder === "") return { log: shown, close: () => Promise.resolve() };
  const file = new LogFile(`${folder}/${service}-${port}.log`, { size, files }, (error) => {
    shown.warn("the log file cannot be written; its lines are lost until it can", { file: file.path, error });
  });
  const stored = createLogger(level, (line) => file.write(line), { service });
  return { log: toBoth(shown, stored), close: () => file.close(CLOSE_MS) };
}

function toBoth(one: Logger, other: Logger): Logger {
  const log = (level: "debug" | "info" | "warn" | "error") => (message: string, fields?: Fields) => {
    one[level](message, fields);
    other[level](message, fields);
  };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    with: (fields) => toBoth(one.with(fields), other.with(fields)),
  };
}
