/** Ids that callers send. */
import { isUuid } from "../../shared/chunk_id.ts";
import { SixfoldError } from "../../shared/errors.ts";

/** @throws SixfoldError `invalid_argument` */
export function checkUuid(text: string): string {
  if (isUuid(text)) return text;
  throw new SixfoldError("invalid_argument", "an id is a UUID in lower case");
}
