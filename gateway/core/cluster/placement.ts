/** Which server gets which chunk, and when enough of them are durable: pure functions of ring order and layout. */
import { SixfoldError } from "../../../shared/errors.ts";
import { CHUNKS, formatLayout, type Layout, tolerance } from "../../../shared/layout.ts";

/** Whether chunks can be placed on so many usable servers. */
export function isEnough(servers: number, layout: Layout): boolean {
  return place(Array.from({ length: servers }, (_, i) => String(i)), layout) !== undefined;
}

/**
 * A server for each of the six chunks, by index. With fewer servers than six they share, never more than m on one.
 * @param servers usable servers in the order of the ring, distinct
 * @throws SixfoldError `unavailable` when the rule of `isDurable` cannot be met on so few servers
 */
export function placeChunks(servers: readonly string[], layout: Layout): string[] {
  const placed = place(servers, layout);
  if (placed !== undefined) return placed;
  throw new SixfoldError(
    "unavailable",
    `${servers.length} usable servers are too few for layout ${formatLayout(layout)}; start more of them`,
  );
}

function place(servers: readonly string[], layout: Layout): string[] | undefined {
  const placed: string[] = [];
  for (let index = 0; index < CHUNKS; index++) {
    const server = servers[index % servers.length];
    if (server !== undefined) placed.push(server);
  }
  const most = Math.ceil(CHUNKS / Math.max(1, servers.length));
  const fits = placed.length === CHUNKS && most <= Math.max(1, layout.m) && isDurable(placed, layout);
  return fits ? placed : undefined;
}

/**
 * The servers in another order, so that the first six lie in as many zones as can be, and the loss of a zone costs as few
 * chunks as can be: each is the next on the ring in one of the zones of which the fewest are taken yet. In one zone, it is
 * the order of the ring.
 * @param order distinct servers in the order of the ring
 */
export function spreadOverZones(order: readonly string[], zoneOf: (server: string) => string): string[] {
  const left = [...order];
  const taken = new Map<string, number>();
  const spread: string[] = [];
  while (left.length > 0) {
    const loads = left.map((server) => taken.get(zoneOf(server)) ?? 0);
    const [next] = left.splice(loads.indexOf(Math.min(...loads)), 1);
    if (next === undefined) break;
    taken.set(zoneOf(next), (taken.get(zoneOf(next)) ?? 0) + 1);
    spread.push(next);
  }
  return spread;
}

/**
 * The commit rule: whichever T = floor((m + 1) / 2) servers are lost, k chunks are left.
 * @param holders the server of each durable chunk
 */
export function isDurable(holders: readonly string[], layout: Layout): boolean {
  const counts = new Map<string, number>();
  for (const server of holders) counts.set(server, (counts.get(server) ?? 0) + 1);
  const worst = [...counts.values()].sort((a, b) => b - a).slice(0, tolerance(layout));
  return holders.length - worst.reduce((sum, count) => sum + count, 0) >= layout.k;
}

/**
 * The server for one more chunk of a segment: of those with room under the layout (never more than m chunks on one) the
 * first on the ring with the fewest of them.
 * @param usable servers that take chunks, in the order of the ring
 * @param others the server of each other chunk of the segment
 * @param refused servers that must not be asked
 */
export function nextServer(
  usable: readonly string[],
  others: readonly string[],
  refused: ReadonlySet<string>,
  { m }: Layout,
): string | undefined {
  const load = (id: string) => others.filter((holder) => holder === id).length;
  const fit = usable.filter((id) => !refused.has(id) && load(id) < Math.max(1, m));
  return fit.sort((a, b) => load(a) - load(b))[0];
}
