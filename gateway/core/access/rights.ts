/** What a key gives the right to do, and where. */
import { SixfoldError } from "../../../shared/errors.ts";
import { checkBucket } from "./file_name.ts";

/** What a caller may do: the first three with files, `observe` sees how the cluster is, `admin` changes it and its keys. */
export const VERBS = ["read", "write", "delete", "observe", "admin"] as const;

/** One of these. */
export type Verb = typeof VERBS[number];

/** Rights. */
export interface Rights {
  readonly verbs: ReadonlySet<Verb>;
  /** Each a bucket, a slash and what keys begin with; none for everywhere. */
  readonly places: readonly string[];
}

/** All rights. */
export const ALL_RIGHTS: Rights = { verbs: new Set(VERBS), places: [] };

const MOST_PLACES = 100;

/**
 * Checks what is asked for a key. `photos` and `photos/` both mean the whole bucket.
 * @throws SixfoldError `invalid_argument`
 */
export function checkRights(verbs: readonly string[], places: readonly string[]): Rights {
  const known = VERBS.filter((verb) => verbs.includes(verb));
  const strange = verbs.find((verb) => !VERBS.some((other) => other === verb));
  if (strange !== undefined || known.length === 0) throw invalid(`name what the key may do: ${VERBS.join(", ")}`);
  if (places.length > MOST_PLACES) throw invalid(`a key has at most ${MOST_PLACES} places`);
  if (places.length > 0 && (known.includes("observe") || known.includes("admin"))) {
    throw invalid("observe and admin concern the whole cluster, and a key with places has neither");
  }
  return { verbs: new Set(known), places: places.map(checkPlace) };
}

/** Whether rights reach a key, or everything that begins with a text. */
export function reach({ places }: Rights, bucket: string, key: string): boolean {
  return places.length === 0 || places.some((place) => `${bucket}/${key}`.startsWith(place));
}

/** The buckets in which there are such rights; null for all of them. */
export function bucketsOf({ places }: Rights): string[] | null {
  if (places.length === 0) return null;
  return [...new Set(places.map((place) => place.slice(0, place.indexOf("/"))))];
}

function checkPlace(place: string): string {
  const slash = place.indexOf("/");
  const bucket = slash < 0 ? place : place.slice(0, slash);
  const prefix = slash < 0 ? "" : place.slice(slash + 1);
  if (prefix.length > 1024 || prefix.includes("\0") || !prefix.isWellFormed()) {
    throw invalid("a place is a bucket, a slash and what keys begin with");
  }
  return `${checkBucket(bucket)}/${prefix}`;
}

function invalid(what: string): SixfoldError {
  return new SixfoldError("invalid_argument", what);
}
