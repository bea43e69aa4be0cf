import assert from "node:assert/strict";
import { test } from "node:test";
import { lossesLeft, survivalText } from "./survival.ts";

const chunks = (...servers: string[]) => servers.map((serverId) => ({ segment: 0, serverId }));
const four = [{ segment: 0, k: 4 }];
const all = () => true;

test("six servers survive two losses, and fewer with each that is away", () => {
  const six = chunks("a", "b", "c", "d", "e", "f");
  assert.equal(lossesLeft(four, six, all), 2);
  assert.equal(lossesLeft(four, six, (id) => id !== "a"), 1);
  assert.equal(lossesLeft(four, six, (id) => id > "b"), 0);
  assert.equal(lossesLeft(four, six, (id) => id > "c"), -1);
});

test("a server that keeps several chunks is the one to lose", () => {
  assert.equal(lossesLeft(four, chunks("a", "a", "b", "b", "c", "c"), all), 1);
  assert.equal(lossesLeft(four, chunks("a", "b", "c", "d", "e", "e"), all), 1);
  assert.equal(lossesLeft([{ segment: 0, k: 6 }], chunks("a", "b", "c", "d", "e", "f"), all), 0);
});

test("a file is as safe as its worst segment", () => {
  const places = [...chunks("a", "b", "c", "d", "e", "f"), { segment: 1, serverId: "a" }];
  assert.equal(lossesLeft([...four, { segment: 1, k: 4 }], places, all), -1);
  assert.equal(survivalText(2), "Survives two more losses.");
});
