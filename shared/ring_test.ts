import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Ring, segmentPosition, VIRTUAL_NODES, virtualNodes } from "./ring.ts";

const ids = (count: number) => Array.from({ length: count }, (_, i) => `server-${i}`);
const ringOf = (servers: readonly string[]) => new Ring(servers.flatMap((id) => virtualNodes(id)));

test("a server has 150 virtual nodes, and more or fewer by its weight", () => {
  assert.equal(virtualNodes("a").length, VIRTUAL_NODES);
  assert.equal(virtualNodes("a", 2).length, 300);
  assert.equal(virtualNodes("a", 0.001).length, 1);
});

test("successors are the next distinct servers clockwise, and the ring closes", () => {
  const ring = new Ring([
    { serverId: "a", position: 10n },
    { serverId: "b", position: 20n },
    { serverId: "a", position: 30n },
    { serverId: "c", position: 40n },
  ]);
  assert.deepEqual(ring.successors(10n, 3), ["a", "b", "c"]);
  assert.deepEqual(ring.successors(11n, 3), ["b", "a", "c"]);
  assert.deepEqual(ring.successors(41n, 2), ["a", "b"]);
  assert.deepEqual(ring.successors(0n, 9), ["a", "b", "c"]);
  assert.deepEqual(new Ring([]).successors(5n, 6), []);
});

test("a server's share is what its arcs take of the ring", () => {
  const half = 2n ** 63n;
  const ring = new Ring([
    { serverId: "b", position: half },
    { serverId: "a", position: half / 2n },
    { serverId: "a", position: 0n },
  ]);
  assert.deepEqual(ring.shares(), [
    { serverId: "a", share: 0.75, positions: [0n, half / 2n] },
    { serverId: "b", share: 0.25, positions: [half] },
  ]);
  const shares = ringOf(ids(6)).shares();
  assert.ok(Math.abs(shares.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
  assert.ok(shares.every(({ share, positions }) => share > 0.1 && positions.length === VIRTUAL_NODES));
  assert.deepEqual(new Ring([]).shares(), []);
});

test("the version of a ring is that of its nodes, in whatever order they come", () => {
  const { version } = ringOf(ids(6));
  assert.equal(ringOf(ids(6).reverse()).version, version);
  assert.notEqual(ringOf(ids(7)).version, version);
  assert.ok(Number.isInteger(version) && version >= 0 && version < 2 ** 32);
  assert.equal(new Ring([]).version, new Ring([]).version);
});

test("successors agree with a walk over a sorted list", () => {
  const nodes = fc.array(fc.record({ serverId: fc.constantFrom("a", "b", "c", "d"), position: fc.bigInt(0n, 99n) }));
  fc.assert(fc.property(nodes, fc.bigInt(0n, 120n), fc.integer({ min: 1, max: 6 }), (nodes, position, count) => {
    const order = [...nodes].sort((a, b) =>
      Number(a.position - b.position) || (a.serverId < b.serverId ? -1 : a.serverId > b.serverId ? 1 : 0)
    );
    const from = order.filter((node) => node.position >= position);
    const walk = [...from, ...order].map((node) => node.serverId);
    assert.deepEqual(new Ring(nodes).successors(position, count), [...new Set(walk)].slice(0, count));
  }));
});

test("the shares of 6 to 24 servers deviate by at most 12 percent", () => {
  for (let servers = 6; servers <= 24; servers++) {
    const names = ids(servers);
    const ring = ringOf(names);
    const shares = new Map(names.map((name) => [name, 0]));
    for (let i = 0; i < 20_000; i++) {
      const [owner = ""] = ring.successors(segmentPosition("bucket", `key-${i}`, 0), 1);
      shares.set(owner, (shares.get(owner) ?? 0) + 1);
    }
    const mean = 20_000 / servers;
    const variance = [...shares.values()].reduce((sum, share) => sum + (share - mean) ** 2, 0) / servers;
    assert.ok(Math.sqrt(variance) / mean <= 0.12, `${servers} servers: ${Math.sqrt(variance) / mean}`);
  }
});

test("a seventh server takes at most 1/7 + 2 percent of the chunks, counted as sets", () => {
  const before = ringOf(ids(6));
  const after = ringOf(ids(7));
  let moved = 0;
  for (let i = 0; i < 10_000; i++) {
    const position = segmentPosition("bucket", `key-${i}`, 0);
    const old = new Set(before.successors(position, 6));
    moved += after.successors(position, 6).filter((id) => !old.has(id)).length;
  }
  assert.ok(moved / 60_000 <= 1 / 7 + 0.02, `moved ${moved / 60_000}`);
});
