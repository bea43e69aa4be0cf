import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "../../../shared/errors.ts";
import { parseLayout } from "../../../shared/layout.ts";
import { lacksRoom } from "./lacks_room.ts";

const layout = parseLayout("4+2");
const FULL = new SixfoldError("resource_exhausted", "full", { detail: "DISK_FULL" });
const ILL = new SixfoldError("unavailable", "late");

/** Servers `0`, `1`, …: `a`ctive, `f`ull, with a disk that is `i`ll, or `g`one. */
function servers(states: string) {
  const all = { a: "active", f: "full", i: "full", g: "inactive" } as const;
  return [...states].map((letter, id) => ({
    id: String(id),
    state: all[letter as keyof typeof all],
    diskTrouble: letter === "i" ? "EIO" : "",
  }));
}

test("full disks are to blame where others with room would do", () => {
  const cases: [string, Record<string, SixfoldError>, boolean][] = [
    // Too few have room: by their heartbeats, or by what they answered before the next one.
    ["aaffff", {}, true],
    ["aaaaaa", { 0: FULL, 1: FULL, 2: FULL, 3: FULL }, true],
    ["aaffaa", { 2: FULL, 3: FULL, 4: FULL, 5: ILL }, true],
    // One that refused a chunk is told although another try would find room elsewhere.
    ["aaaaaa", { 0: FULL, 1: ILL, 2: ILL }, true],
    // A full one is none of the cause where enough others have room, nor where its room would not do.
    ["aaaafg", { 0: ILL }, false],
    ["afgggg", {}, false],
    ["ffgggg", {}, false],
    // Counted once, although both its heartbeat and its answer say it.
    ["afgggg", { 1: FULL }, false],
    // What is ill or gone is not full.
    ["aaiiii", {}, false],
    ["aagggg", {}, false],
    ["aaaaaa", { 0: ILL, 1: ILL, 2: ILL, 3: ILL }, false],
  ];
  for (const [states, failed, wanted] of cases) {
    const name = `${states} ${Object.entries(failed).map(([id, { code }]) => `${id}: ${code}`)}`;
    assert.equal(lacksRoom(servers(states), new Map(Object.entries(failed)), layout), wanted, name);
  }
});
