import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "./within.ts";

test("an answer in time is given, one that is late is an error, and its own failure is heard by nobody", async () => {
  assert.equal(await within(1000, Promise.resolve(7), "late"), 7);
  await assert.rejects(within(1000, Promise.reject(new Error("bad")), "late"), /bad/);
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("too late to be heard")), 20));
  await assert.rejects(within(5, late, "late"), { code: "deadline_exceeded", message: "late" });
  await new Promise((resolve) => setTimeout(resolve, 30));
});
