/**
 * The consistent-hash ring: 150 virtual nodes per server and unit of weight, placed by XXH64. A key belongs to the next
 * distinct servers clockwise from its own hash.
 */
import { xxh64, xxh64Text } from "./checksum.ts";

/** Virtual nodes of a server of weight 1. */
export const VIRTUAL_NODES = 150;

/** The positions of the ring go around once in so many steps. */
const CIRCLE = 2 ** 64;

/** One virtual node. */
export interface RingNode {
  readonly serverId: string;
  /** Unsigned, 64 bits. */
  readonly position: bigint;
}

/** The virtual nodes of a server: XXH64 of `<server id>#<n>`, for n from 0; at least one. */
export function virtualNodes(serverId: string, weight = 1, hash = xxh64Text): RingNode[] {
  const count = Math.max(1, Math.round(VIRTUAL_NODES * weight));
  return Array.from({ length: count }, (_, n) => ({ serverId, position: hash(`${serverId}#${n}`) }));
}

/** Where a segment looks for its servers: XXH64 of `<bucket>/<key>#<segment>`. */
export function segmentPosition(bucket: string, key: string, segment: number): bigint {
  return xxh64Text(`${bucket}/${key}#${segment}`);
}

/** An immutable ring. */
export class Ring {
  readonly #positions: BigUint64Array;
  readonly #owners: readonly string[];
  /** How many servers have a node here. */
  readonly servers: number;

  constructor(nodes: Iterable<RingNode>) {
    // Two nodes on one position are ordered by server, so that every gateway sees the same ring.
    const sorted = [...nodes].sort((a, b) =>
      a.position < b.position ? -1 : a.position > b.position ? 1 : a.serverId < b.serverId ? -1 : 1
    );
    this.#positions = BigUint64Array.from(sorted, (node) => node.position);
    this.#owners = sorted.map((node) => node.serverId);
    this.servers = new Set(this.#owners).size;
  }

  /** A number of 32 bits that follows from the nodes: gateways that name the same one place chunks alike. */
  get version(): number {
    return Number(BigInt.asUintN(32, xxh64(new Uint8Array(this.#positions.buffer), BigInt(this.servers))));
  }

  /** The next distinct servers clockwise from a position, nearest first; all of them when fewer than `count` exist. */
  successors(position: bigint, count: number): string[] {
    const found = new Set<string>();
    const total = this.#owners.length;
    const wanted = Math.min(count, this.servers);
    for (let i = this.#firstAtOrAfter(position); found.size < wanted; i++) {
      const owner = this.#owners[i % total];
      if (owner !== undefined) found.add(owner);
    }
    return [...found];
  }

  /** Every server's part of the ring and the positions of its nodes, by id. A node owns the arc that ends with it. */
  shares(): { readonly serverId: string; readonly share: number; readonly positions: bigint[] }[] {
    const found = new Map<string, { share: number; positions: bigint[] }>();
    let before = Number(this.#positions.at(-1) ?? 0n) - CIRCLE;
    this.#positions.forEach((position, i) => {
      const owner = this.#owners[i] ?? "";
      const known = found.get(owner) ?? { share: 0, positions: [] };
      found.set(owner, known);
      known.positions.push(position);
      known.share += (Number(position) - before) / CIRCLE;
      before = Number(position);
    });
    return [...found].map(([serverId, held]) => ({ serverId, ...held }))
      .sort((a, b) => (a.serverId < b.serverId ? -1 : 1));
  }

  #firstAtOrAfter(position: bigint): number {
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#positions[middle] ?? 0n) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
