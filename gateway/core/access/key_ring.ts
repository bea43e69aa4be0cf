/**
 * Who a key belongs to. What PostgreSQL says of a key is believed for 2.5 s: so it is revoked everywhere within five, and
 * a caller costs a query a second. While PostgreSQL is away, nobody is let in for longer than that.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { type ApiKey, parseApiKey } from "../../../shared/api_key.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { linkBytes, type SignedLink } from "../../../shared/signed_link.ts";
import type { KeyRow } from "../../db/api_keys.ts";
import { Allowance } from "./allowance.ts";
import type { Caller } from "./caller.ts";
import { Fresh } from "./fresh.ts";
import { isSignature, publicKeyOf } from "./key_pair.ts";
import { ALL_RIGHTS, type Rights, type Verb, VERBS } from "./rights.ts";

/** What a ring works with. */
export interface KeyRingOptions {
  /** A key by its id. */
  readonly find: (id: string) => Promise<KeyRow | undefined>;
  /** Whether there is a key, or ever was one. */
  readonly exists: () => Promise<boolean>;
  /** A key that has all rights without being in PostgreSQL. */
  readonly adminKey: ApiKey | undefined;
  /** Requests per second of one key. */
  readonly rate: number;
  /** A clock in ms that never goes back. */
  readonly now: () => number;
}

/** A key as it was when it was last looked up. */
interface Known {
  readonly row: KeyRow;
  readonly rights: Rights;
  /** How far PostgreSQL's clock is ahead of the ring's, in ms. */
  readonly ahead: number;
}

const MOST_KNOWN = 1000;
/** Keys that were wrong, of one address: so many at once, and so many per second after that. */
const GUESSES = 20;
const GUESSES_PER_SECOND = 0.5;
const MOST_GUESSERS = 10_000;
/** Requests that a key may make at once, in seconds of its rate. */
const BURST_SECONDS = 2;
/** Who asks where no keys are in use. */
const ANYBODY: Caller = { keyId: "", rights: ALL_RIGHTS };

/** Knows callers by their keys. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #exists: Fresh<boolean>;
  readonly #known = new Map<string, Fresh<Known | undefined>>();
  readonly #rates = new Map<string, Allowance>();
  readonly #guessers = new Map<string, Allowance>();

  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#exists = new Fresh(options.exists, options.now);
  }

  /** Whether callers need keys: from the first one on, for ever. */
  async inUse(): Promise<boolean> {
    return this.#options.adminKey !== undefined || this.#exists.last === true || await this.#exists.get();
  }

  /**
   * The caller who sent this key, or none.
   * @param address where the request comes from
   * @throws SixfoldError `unauthenticated`; `resource_exhausted` for too many requests, or too many wrong keys
   */
  async callerOf(text: string | undefined, address: string): Promise<Caller> {
    if (!(await this.inUse())) return ANYBODY;
    if (text === undefined) throw unauthenticated("an API key is needed; send it as Authorization: Bearer <key>");
    const key = parseApiKey(text);
    const { adminKey } = this.#options;
    if (key && adminKey && key.id === adminKey.id && isSecret(key, digest(adminKey.secret))) {
      return this.#admit({ keyId: key.id, rights: ALL_RIGHTS });
    }
    const last = key && this.#known.get(key.id)?.last;
    // Guesses that others make from the same address are never in the way of a key that was good a moment ago.
    if (!(key && last && isSecret(key, last.row.secretHash))) this.#mayGuess(address);
    const known = key && await this.#look(key.id);
    if (!(key && known && isSecret(key, known.row.secretHash))) throw this.#wrong(address);
    return this.#admit(this.#caller(known));
  }

  /**
   * The caller whose key has signed in.
   * @throws SixfoldError `unauthenticated` when the key has ended; `resource_exhausted` as for keys
   */
  async callerOfSession(keyId: string): Promise<Caller> {
    if (!(await this.inUse())) return ANYBODY;
    if (keyId === this.#options.adminKey?.id) return this.#admit({ keyId, rights: ALL_RIGHTS });
    const known = await this.#look(keyId);
    if (known === undefined) throw unauthenticated("the API key that has signed in is gone; sign in again");
    return this.#admit(this.#caller(known));
  }

  /**
   * The caller who signed a link: it can do with the link's file what the link is for, where its key can.
   * @throws SixfoldError `unauthenticated`; `resource_exhausted` as for keys
   */
  async callerOfLink({ keyId, terms, signature }: SignedLink, address: string): Promise<Caller> {
    if (!(await this.inUse())) return ANYBODY;
    this.#mayGuess(address);
    const { adminKey, now } = this.#options;
    const isAdmin = keyId === adminKey?.id;
    const known = isAdmin || !/^[0-9a-f]{16}$/.test(keyId) ? undefined : await this.#look(keyId);
    const publicKey = isAdmin ? publicKeyOf(adminKey.secret) : known?.row.publicKey;
    if (!publicKey || !isSignature(publicKey, linkBytes(keyId, terms), signature)) throw this.#wrong(address);
    const time = known === undefined ? Date.now() : now() + known.ahead;
    if (terms.expires * 1000 <= time) throw unauthenticated("this link has expired; ask for another one");
    const signer: Caller = known === undefined ? { keyId, rights: ALL_RIGHTS } : this.#caller(known);
    const { rights } = signer;
    const verb = terms.method === "PUT" ? "write" : "read";
    const verbs = new Set<Verb>(rights.verbs.has(verb) ? [verb] : []);
    return this.#admit({ ...signer, rights: { verbs, places: rights.places } });
  }

  /** @throws SixfoldError `unauthenticated` when the key has ended */
  #caller({ row, rights }: Known): Caller {
    mustBeValid(row);
    const again = async () => {
      const now = await this.#look(row.id);
      if (now === undefined) throw unauthenticated("this API key is gone; ask for another one");
      mustBeValid(now.row);
    };
    return { keyId: row.id, rights, again };
  }

  /** What is known of a key; undefined where there is none. */
  async #look(id: string): Promise<Known | undefined> {
    const fresh = this.#known.get(id) ?? new Fresh(() => this.#read(id), this.#options.now);
    keep(this.#known, id, fresh, MOST_KNOWN);
    const known = await fresh.get();
    // What was guessed is not remembered.
    if (known === undefined) this.#known.delete(id);
    return known;
  }

  async #read(id: string): Promise<Known | undefined> {
    const { find, now } = this.#options;
    const row = await find(id);
    if (row === undefined) return undefined;
    const verbs = new Set(VERBS.filter((verb) => row.verbs.includes(verb)));
    return { row, rights: { verbs, places: row.places }, ahead: row.now * 1000 - now() };
  }

  #admit(caller: Caller): Caller {
    const { rate, now } = this.#options;
    const allowance = this.#rates.get(caller.keyId) ?? new Allowance(rate * BURST_SECONDS, rate, now);
    keep(this.#rates, caller.keyId, allowance, MOST_KNOWN);
    if (allowance.take()) return caller;
    throw new SixfoldError("resource_exhausted", "this API key makes too many requests; send fewer");
  }

  #mayGuess(address: string): void {
    if (this.#guessers.get(address)?.some ?? true) return;
    throw new SixfoldError("resource_exhausted", "too many wrong API keys came from this address; wait a moment");
  }

  #wrong(address: string): SixfoldError {
    const { now } = this.#options;
    const allowance = this.#guessers.get(address) ?? new Allowance(GUESSES, GUESSES_PER_SECOND, now);
    allowance.take();
    keep(this.#guessers, address, allowance, MOST_GUESSERS);
    return unauthenticated("this API key or link is wrong; look whether it was copied whole");
  }
}

function mustBeValid(row: KeyRow): void {
  if (row.revokedAt !== null) throw unauthenticated("this API key was revoked; ask for another one");
  if (row.expired) throw unauthenticated("this API key has expired; ask for another one");
}

function isSecret({ secret }: ApiKey, hash: Uint8Array): boolean {
  return timingSafeEqual(digest(secret), hash);
}

function digest(secret: Uint8Array): Uint8Array {
  return createHash("sha256").update(secret).digest();
}

/** Keeps a value as the newest, and lets go of the oldest when there are too many. */
function keep<V>(values: Map<string, V>, key: string, value: V, most: number): void {
  values.delete(key);
  values.set(key, value);
  for (const oldest of values.keys()) {
    if (values.size <= most) return;
    values.delete(oldest);
  }
}

function unauthenticated(message: string): SixfoldError {
  return new SixfoldError("unauthenticated", message);
}
