/** Where daemons are dialled: an address of the networks that are allowed, whatever a server has registered. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { SixfoldError } from "../../../shared/errors.ts";
import type { Networks } from "../../../shared/networks.ts";
import { within } from "../../../shared/within.ts";

/** What is dialled. */
export interface Endpoint {
  /** `ip:port`. */
  readonly address: string;
  readonly ip: string;
  readonly port: number;
  /** What was registered, and stands in the certificate: a name, or the same IP. */
  readonly name: string;
}

/** Finds the addresses of a name. */
export type Lookup = (name: string) => Promise<readonly { readonly address: string }[]>;

const LOOKUP_MS = 1000;
/** A name is asked for again after so many ms: a daemon that starts anew may have another address. */
const KNOWN_MS = 5000;

/** Turns what is registered into what is dialled. */
export class Endpoints {
  readonly #networks: Networks;
  readonly #lookup: Lookup;
  readonly #known = new Map<string, { readonly at: number; readonly ips: Promise<readonly string[]> }>();
  readonly #now: () => number;

  constructor(
    networks: Networks,
    look: Lookup = (name) => lookup(name, { all: true }),
    now: () => number = () => performance.now(),
  ) {
    this.#networks = networks;
    this.#lookup = look;
    this.#now = now;
  }

  /**
   * A name is looked up, checked and dialled as the same address: one that says something else the next time gains nothing.
   * @param registered `host:port`
   * @throws SixfoldError `unavailable` where it is none, or is not allowed
   */
  async find(registered: string): Promise<Endpoint> {
    const [, six, other, digits] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)):(\d{1,5})$/i
      .exec(registered) ?? [];
    const [name, port] = [six ?? other ?? "", Number(digits)];
    if (!(port > 0 && port < 65_536) || (six !== undefined && isIP(six) !== 6)) {
      throw new SixfoldError("unavailable", `a storage server has registered ${registered}, which is no address`);
    }
    const ip = (await this.#addresses(name)).find((address) => this.#networks.has(address));
    if (ip === undefined) {
      throw new SixfoldError(
        "unavailable",
        `the storage server at ${registered} is in none of the networks that SIXFOLD_HOP_NETWORKS allows; is it one of yours?`,
      );
    }
    return { address: `${ip.includes(":") ? `[${ip}]` : ip}:${port}`, ip, port, name };
  }

  /** @returns the addresses of a name; while DNS is away, those that it gave last */
  async #addresses(name: string): Promise<readonly string[]> {
    if (isIP(name) !== 0) return [name];
    const last = this.#known.get(name);
    if (last !== undefined && this.#now() - last.at <= KNOWN_MS) return await last.ips;
    const ips = within(LOOKUP_MS, this.#lookup(name), "DNS does not answer").then(
      (found) => found.map(({ address }) => address),
      (cause) => {
        if (last !== undefined) return last.ips;
        this.#known.delete(name);
        throw new SixfoldError("unavailable", `the storage server ${name} is not found in DNS; try again`, { cause });
      },
    );
    this.#known.set(name, { at: this.#now(), ips });
    return await ips;
  }
}
