import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { toConnectError } from "./connect_error.ts";
import { ERROR_CODES, SixfoldError } from "./errors.ts";

test("every code keeps itself on the way through Connect", () => {
  for (const code of Object.keys(ERROR_CODES)) {
    const error = SixfoldError.from(new ConnectError("m", Reflect.get(ERROR_CODES, code).connect));
    assert.equal(error.code, code);
    assert.equal(toConnectError(error).code, Reflect.get(ERROR_CODES, code).connect);
  }
});

test("a full disk is 507, is not tried again, and keeps its detail between processes", () => {
  for (const errno of ["ENOSPC", "EDQUOT"]) {
    const cause = Object.assign(new Error("write"), { code: errno });
    const error = SixfoldError.from(toConnectError(SixfoldError.from(cause)));
    assert.equal(error.code, "resource_exhausted");
    assert.equal(error.detail, "DISK_FULL");
    assert.equal(error.httpStatus, 507);
    assert.equal(error.retryable, false);
  }
});

test("other errors of the system have their codes", () => {
  const system = (code: string) => SixfoldError.from(Object.assign(new Error("x"), { code }));
  assert.equal(system("EIO").detail, "DISK_ERROR");
  assert.equal(system("EROFS").code, "unavailable");
  assert.equal(system("ENOENT").httpStatus, 404);
  assert.equal(SixfoldError.from(new DOMException("x", "AbortError")).code, "canceled");
  assert.equal(SixfoldError.from(new DOMException("x", "TimeoutError")).code, "deadline_exceeded");
});

test("an unknown error shows nothing of itself, and keeps its cause", () => {
  const cause = new Error("password=hunter2");
  const error = SixfoldError.from(cause);
  assert.equal(error.cause, cause);
  assert.equal(toConnectError(error).code, Code.Internal);
  assert.doesNotMatch(toConnectError(error).message, /hunter2/);
  assert.equal(SixfoldError.from("text").code, "internal");
});
