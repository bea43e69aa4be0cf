import assert from "node:assert/strict";
import { ownPorts } from "./own_ports.ts";

Deno.test(
  "no two holders get the same ports, and each goes round in its own",
  { sanitizeResources: false },
  async () => {
    const [one, other] = [await ownPorts(), await ownPorts()];
    const some = (ports: Generator<number, never>, count: number) =>
      Array.from({ length: count }, () => ports.next().value);
    const mine = some(one, 149);
    assert.equal(new Set(mine).size, 149);
    assert.deepEqual(some(one, 149), mine);
    assert.ok(some(other, 149).every((port) => !mine.includes(port)));
  },
);
