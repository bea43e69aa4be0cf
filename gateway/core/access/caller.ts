/**
 * Who asks for what is being done. It follows the work through every await, as the request's id does; the functions of
 * this folder that take or give files ask here whether the caller may: so whatever door a request came through, and
 * whatever route is added, what is foreign to a caller is not there. Work without a caller may nothing.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { SixfoldError } from "../../../shared/errors.ts";
import { bucketsOf, reach, type Rights, type Verb } from "./rights.ts";

/** A caller. */
export interface Caller {
  /** The id of its key; empty where keys are not in use. */
  readonly keyId: string;
  readonly rights: Rights;
  /** Throws where its key has ended since; nothing where there is none that could. */
  readonly again?: () => Promise<void>;
  /** Is told of each bucket that it asks for something in. */
  readonly names?: (bucket: string) => void;
}

const decoder = new TextDecoder();
const current = new AsyncLocalStorage<Caller>();

/** Does work for a caller. */
export function asCaller<T>(caller: Caller, work: () => T): T {
  return current.run(caller, work);
}

/** The caller. @throws SixfoldError `unauthenticated` */
export function callerNow(): Caller {
  const caller = current.getStore();
  if (caller === undefined) throw new SixfoldError("unauthenticated", "this is for callers with an API key");
  return caller;
}

/**
 * Asks again whether the caller's key stands: a body may have come for hours, and what it brought is stored for nobody
 * whose key was taken away meanwhile.
 * @throws SixfoldError `unauthenticated`
 */
export async function mustStand(): Promise<void> {
  await callerNow().again?.();
}

/** @throws SixfoldError `permission_denied` when the caller may do this nowhere */
export function mustHave({ rights }: Caller, verb: Verb): void {
  if (rights.verbs.has(verb)) return;
  throw new SixfoldError("permission_denied", `this API key has no right to ${verb}; use one that has`);
}

/** Whether the caller reaches a key. @throws SixfoldError `permission_denied` when it may do this nowhere */
export function reaches(verb: Verb, bucket: string, key: string): boolean {
  const caller = callerNow();
  caller.names?.(bucket);
  mustHave(caller, verb);
  return reach(caller.rights, bucket, key);
}

/** Whether the caller may write under a name as PostgreSQL knows it. @throws SixfoldError `permission_denied` */
export function mayWrite({ bucket, key }: { readonly bucket: string; readonly key: Uint8Array }): boolean {
  return reaches("write", bucket, decoder.decode(key));
}

/**
 * Whether there are places that the caller does not reach: then it is asked where a thing lies before it is told of.
 * @throws SixfoldError `permission_denied` when it may do this nowhere
 */
export function isLimited(verb: Verb): boolean {
  const caller = callerNow();
  mustHave(caller, verb);
  return caller.rights.places.length > 0;
}

/** The buckets that the caller reaches something in; null for all. @throws SixfoldError `permission_denied` */
export function reachedBuckets(verb: Verb): string[] | null {
  const caller = callerNow();
  mustHave(caller, verb);
  return bucketsOf(caller.rights);
}
