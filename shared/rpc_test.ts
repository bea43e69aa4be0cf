import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "./errors.ts";
import { explainFailure } from "./rpc.ts";

test("what fails because its caller has left is no error of ours", () => {
  const broken = new Error("Premature close");
  const codeOf = (thrown: unknown, signal: AbortSignal) => explainFailure(thrown, signal).code;
  assert.equal(codeOf(broken, AbortSignal.abort()), "canceled");
  assert.equal(codeOf(broken, new AbortController().signal), "internal");
  assert.equal(codeOf(new SixfoldError("data_loss", "bad"), AbortSignal.abort()), "data_loss");
});
