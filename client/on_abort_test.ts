import assert from "node:assert/strict";
import { test } from "node:test";
import { onAbort } from "./on_abort.ts";

test("whoever still hears of a signal when it aborts is called, once", () => {
  const stop = new AbortController();
  const called: string[] = [];
  onAbort(stop.signal, () => called.push("stays"));
  onAbort(stop.signal, () => called.push("leaves"))();
  const leaveLater = onAbort(stop.signal, () => called.push("leaves later"));
  onAbort(stop.signal, () => called.push("comes last"));
  leaveLater();
  assert.deepEqual(called, []);
  stop.abort();
  stop.abort();
  assert.deepEqual(called, ["stays", "comes last"]);
});
