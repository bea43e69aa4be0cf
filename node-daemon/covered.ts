/**
 * The daemon inside Bun's test runner, the only place where Bun counts which lines ran. Tests start it in place of
 * main.ts when the gate measures coverage: `bun test --coverage … covered.ts`. It ends as main.ts does.
 */
import { test } from "bun:test";

test("the daemon runs until it is stopped, and ends well", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  // The runner writes its report after the test, so the process must not end before.
  Object.assign(process, { exit: (code = 0) => resolve(code) });
  await import("./main.ts");
  const code = await promise;
  if (code !== 0) throw new Error(`the daemon ended with code ${code}`);
}, 2 ** 31 - 1);
