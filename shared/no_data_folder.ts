/** Why a path can be no data folder: of a daemon, or of `npm start`. */
import { SixfoldError } from "./errors.ts";

/** The error for a path at which a folder or its lock cannot be made. */
export function noDataFolder(path: string, cause: unknown): SixfoldError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${path} can be no data folder (${reason}); choose another one with SIXFOLD_DATA_DIR`;
  return new SixfoldError("failed_precondition", message, { cause });
}
