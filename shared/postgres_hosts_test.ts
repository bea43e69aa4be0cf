import assert from "node:assert/strict";
import { test } from "node:test";
import { hostsOf } from "./postgres_hosts.ts";

test("each host gets an address of its own", () => {
  assert.deepEqual(hostsOf("postgres://me:a%40b@one:1,two:2/db?target_session_attrs=read-write&sslmode=require"), [
    "postgres://me:a%40b@one:1/db?sslmode=require",
    "postgres://me:a%40b@two:2/db?sslmode=require",
  ]);
  assert.deepEqual(hostsOf("postgresql://one/db"), ["postgresql://one/db"]);
});

test("what is no address of PostgreSQL is refused", () => {
  for (const wrong of ["", "one:5432/db", "mysql://one/db", "http://one", "postgres://one:port/db", "postgres:one"]) {
    assert.throws(() => hostsOf(wrong), TypeError, wrong);
  }
});
