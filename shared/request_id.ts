/**
 * The id of the request that is being answered. It follows the work through every await and over the hop, so that log
 * lines, answers and errors carry it without being told. Processes only: browsers have no such context.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { newUuid } from "./chunk_id.ts";

/** The header that carries it, in requests and answers. Connect's clients show an answer's headers in its error, too. */
export const REQUEST_ID_HEADER = "x-request-id";

const WELL_FORMED = /^[\w.:=+-]{1,128}$/;
const current = new AsyncLocalStorage<string>();

/** The id of the request that this code works for; undefined in background work. */
export function requestId(): string | undefined {
  return current.getStore();
}

/** The same as a header, or no header at all. */
export function requestIdHeader(): Record<string, string> {
  const id = current.getStore();
  return id === undefined ? {} : { [REQUEST_ID_HEADER]: id };
}

/** Does the work of a request under the id that its sender gave; where there is none, or a malformed one, under a new one. */
export function withRequestId<T>(given: string | null | undefined, work: () => T): T {
  return current.run(given && WELL_FORMED.test(given) ? given : newUuid(), work);
}
