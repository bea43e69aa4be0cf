import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  bytes,
  choice,
  decimal,
  describeSettings,
  flag,
  integer,
  only,
  orAuto,
  readSettings,
  seconds,
  secret,
  showSettings,
  text,
} from "./config.ts";

const schema = {
  NAME: text("The name."),
  PORT: integer("The port.", "8080", 0, 65_535),
  LIMIT: bytes("The limit.", "32K"),
  GRACE: seconds("The grace.", "15m"),
  WEIGHT: decimal("The weight.", "1", 0.01, 100),
  HOP: choice("The hop.", "web", "web", "grpc"),
  OPEN: flag("Open.", "0"),
};

test("absent and empty settings take their defaults, given ones their units", () => {
  const read = (env: Record<string, string>) => readSettings(schema, env);
  assert.deepEqual({ ...read({ NAME: "a", PORT: "" }) }, {
    NAME: "a",
    PORT: 8080,
    LIMIT: 32_768,
    GRACE: 900,
    WEIGHT: 1,
    HOP: "web",
    OPEN: false,
  });
  const given = read({ NAME: "b", PORT: "0", LIMIT: "10G", GRACE: "2h", WEIGHT: "0.25", HOP: "grpc", OPEN: "1" });
  assert.deepEqual(Object.values(given), ["b", 0, 10 * 2 ** 30, 7200, 0.25, "grpc", true]);
  assert.ok(Object.isFrozen(given));
});

test("a setting may take only some values, or the word auto besides", () => {
  const even = { SIZE: orAuto(only(bytes("The size.", "auto"), "an even size", (size) => size % 2 === 0)) };
  const read = (SIZE: string) => readSettings(even, { SIZE }).SIZE;
  assert.deepEqual([read(""), read("auto"), read("4K")], ["auto", "auto", 4096]);
  for (const bad of ["3", "4Q"]) assert.throws(() => read(bad), /SIZE must be an even size, or auto/);
});

test("every problem is named at once, and no value is repeated", () => {
  const bad: Record<string, string> = {
    PORT: "-1",
    LIMIT: "1X",
    GRACE: "soon",
    WEIGHT: "0.001",
    HOP: "smoke",
    OPEN: "yes-secret",
  };
  assert.throws(() => readSettings(schema, bad), (error: Error) => {
    for (const name of Object.keys(schema)) assert.match(error.message, new RegExp(name));
    return !error.message.includes("secret");
  });
});

test("the reference names every setting", () => {
  for (const name of Object.keys(schema)) assert.ok(describeSettings(schema).includes(`\`${name}\``));
});

test("a secret comes from a file too, is shown to nobody, and a name that is nearly a setting's is told of", () => {
  const secrets = {
    SIXFOLD_TOKEN: secret(only(text("The token."), "a text that begins with t", (value) => value.startsWith("t"))),
    SIXFOLD_PORT: integer("The port.", "8080", 0, 65_535),
  };
  const folder = mkdtempSync(join(tmpdir(), "sixfold config-"));
  try {
    const path = join(folder, "token");
    writeFileSync(path, "the secret\n");
    const given = { SIXFOLD_TOKEN_FILE: path, SIXFOLD_PORT: "81", SIXFOLD_SOMETHING_ELSE: "1", SIXFOLD_HOP: "web" };
    assert.equal(readSettings(secrets, given).SIXFOLD_TOKEN, "the secret");
    assert.equal(showSettings(secrets, given), "SIXFOLD_TOKEN=(hidden)\nSIXFOLD_PORT=81\n");
    assert.match(
      showSettings(secrets, { SIXFOLD_TOKEN: "t" }),
      /^SIXFOLD_TOKEN=\(hidden\)\nSIXFOLD_PORT=8080 {2}# default\n$/,
    );
    assert.throws(
      () => readSettings(secrets, { ...given, SIXFOLD_TOKEN: "t", SIXFOLD_PROT: "1", SIXFOLD_TOKEN_FIEL: "2" }),
      /SIXFOLD_PROT is no setting; do you mean SIXFOLD_PORT\?; .*mean SIXFOLD_TOKEN_FILE\?; .*are both set/,
    );
    const missing = { SIXFOLD_TOKEN_FILE: join(folder, "none") };
    assert.throws(() => readSettings(secrets, missing), /SIXFOLD_TOKEN_FILE names a file that cannot be read/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
