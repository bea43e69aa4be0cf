/** How the command ends: one number for each kind of error. */
import { type ErrorCode, SixfoldError } from "../../shared/errors.ts";

/** Exit codes by the code of the error. 0 is success, 130 is Ctrl-C. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  unimplemented: 1,
  invalid_argument: 2,
  out_of_range: 2,
  not_found: 3,
  already_exists: 4,
  failed_precondition: 4,
  aborted: 4,
  unauthenticated: 5,
  permission_denied: 5,
  resource_exhausted: 6,
  unavailable: 7,
  deadline_exceeded: 7,
  data_loss: 8,
  canceled: 130,
};

/** The exit code of an error. */
export function exitCodeOf(error: unknown): number {
  return EXIT_CODES[SixfoldError.from(error).code];
}
