import { expect, test } from "bun:test";
import { DatabaseMemory } from "./database_memory.ts";

test("a database that counts less than before is doubted, until a person has confirmed it", () => {
  const memory = new DatabaseMemory({ generation: 1, beat: 0 });
  expect(() => memory.admit({ generation: 1, beat: 0 })).toThrow(/older/);
  memory.see({ generation: 1, beat: 100 }, 0);
  memory.admit({ generation: 1, beat: 100 });
  memory.admit(undefined);
  memory.see({ generation: 1, beat: 40 }, 1);
  expect(memory.doubt ?? "").toMatch(/gone back/);
  expect(() => memory.admit({ generation: 1, beat: 100 })).toThrow(/gone back/);
  expect(memory.newest.beat).toBe(100);
  memory.see({ generation: 2, beat: 41 }, 2);
  expect(memory.doubt).toBe(undefined);
});

test("a caller may be a minute behind and no more; a copy of the database falls behind", () => {
  const memory = new DatabaseMemory({ generation: 1, beat: 0 });
  for (let beat = 1; beat <= 20; beat++) memory.see({ generation: 1, beat }, beat * 10_000);
  memory.admit({ generation: 1, beat: 14 });
  expect(() => memory.admit({ generation: 1, beat: 13 })).toThrow(/older/);
});
