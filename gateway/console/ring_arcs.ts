/** The geometry of the ring: where the servers' arcs are on a circle, and what comes next after a key. */

/** A server's nodes. */
export interface RingNodes {
  readonly serverId: string;
  readonly positions: readonly bigint[];
}

/** An arc, from and to as parts of the circle, 0 to 1; one that passes the top ends behind 1. */
export interface Arc {
  readonly from: number;
  readonly to: number;
}

const CIRCLE = 2 ** 64;

interface Node {
  readonly serverId: string;
  readonly position: bigint;
}

function sorted(servers: readonly RingNodes[]): Node[] {
  return servers.flatMap(({ serverId, positions }) => positions.map((position) => ({ serverId, position })))
    .sort((a, b) => (a.position < b.position ? -1 : 1));
}

/** The arcs of each server. A node owns the arc that ends with it; arcs of one server that touch are one. */
export function arcsOf(servers: readonly RingNodes[]): Map<string, Arc[]> {
  const nodes = sorted(servers);
  const found = new Map<string, Arc[]>(servers.map(({ serverId }) => [serverId, []]));
  let before = Number(nodes.at(-1)?.position ?? 0n) / CIRCLE - 1;
  for (let i = 0; i < nodes.length; i++) {
    const { serverId = "", position = 0n } = nodes[i] ?? {};
    if (nodes[i + 1]?.serverId === serverId) continue;
    const to = Number(position) / CIRCLE;
    found.get(serverId)?.push({ from: before, to });
    before = to;
  }
  return found;
}

/** The nodes from a position on until so many servers were met, and which of them is met for the first time. */
export function walkFrom(
  servers: readonly RingNodes[],
  position: bigint,
  count: number,
): { readonly serverId: string; readonly first: boolean }[] {
  const nodes = sorted(servers);
  const start = Math.max(0, nodes.findIndex((node) => node.position >= position));
  const met = new Set<string>();
  const steps: { serverId: string; first: boolean }[] = [];
  for (let i = 0; i < nodes.length && met.size < count; i++) {
    const { serverId } = nodes[(start + i) % nodes.length] ?? { serverId: "" };
    steps.push({ serverId, first: !met.has(serverId) });
    met.add(serverId);
  }
  return steps;
}

/** An arc as an SVG path around the middle; the ring begins at the top and goes clockwise. */
export function arcPath({ from, to }: Arc, radius: number): string {
  const point = (part: number) => {
    const angle = part * 2 * Math.PI;
    return `${(Math.sin(angle) * radius).toFixed(2)} ${(-Math.cos(angle) * radius).toFixed(2)}`;
  };
  // An arc from a point to itself is nothing: a whole circle is drawn as two halves.
  const end = to - from >= 1 ? [from + 0.5, to] : [to];
  const turns = end.map((part) => `A${radius} ${radius} 0 ${part - from > 0.5 ? 1 : 0} 1 ${point(part)}`);
  return `M${point(from)}${turns.join("")}`;
}
