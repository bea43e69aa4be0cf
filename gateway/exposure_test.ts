import assert from "node:assert/strict";
import { test } from "node:test";
import { checkExposure } from "./exposure.ts";

const safe = { host: "127.0.0.1", tls: false, keys: false, riskNoKeys: false, riskPlainText: false };

test("loopback may be open and plain; elsewhere each is refused until it is mended, or its risk is named", () => {
  for (const host of ["127.0.0.1", "127.8.9.10", "::1", "localhost"]) checkExposure({ ...safe, host });
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "example.org", "127.0.0.1.example.org"]) {
    const there = { ...safe, host };
    assert.throws(() => checkExposure(there), /RISK_NO_KEYS.*RISK_PLAIN_TEXT/);
    assert.throws(() => checkExposure({ ...there, keys: true }), /^(?!.*NO_KEYS).*RISK_PLAIN_TEXT/);
    assert.throws(() => checkExposure({ ...there, tls: true }), /RISK_NO_KEYS(?!.*PLAIN_TEXT)/);
    checkExposure({ ...there, keys: true, tls: true });
    checkExposure({ ...there, riskNoKeys: true, riskPlainText: true });
  }
});
