import assert from "node:assert/strict";
import { test } from "node:test";
import { Networks } from "./networks.ts";

test("an address is in a network or not, whatever it is dressed as", () => {
  const networks = Networks.parse("127.0.0.0/8, ::1/128,10.0.0.0/8,fc00::/7");
  const inside = ["127.0.0.1", "127.255.0.3", "::1", "10.1.2.3", "fd12::1", "::ffff:127.0.0.1", "::ffff:a01:203"];
  const outside = [
    "128.0.0.1",
    "11.0.0.1",
    "::2",
    "fe80::1",
    "fe80::1%eth0",
    "::ffff:8.8.8.8",
    "localhost",
    "127.1",
    "",
  ];
  assert.deepEqual(inside.filter((address) => networks?.has(address) !== true), []);
  assert.deepEqual(outside.filter((address) => networks?.has(address) !== false), []);
});

test("what is on this link is in no network, also where all are allowed", () => {
  const all = Networks.parse("0.0.0.0/0,::/0");
  for (
    const address of [
      "169.254.169.254",
      "::ffff:169.254.169.254",
      "::ffff:a9fe:a9fe",
      "64:ff9b::169.254.169.254",
      "fe80::1",
      "fd00:ec2::254",
      "0.0.0.0",
      "::",
      "255.255.255.255",
      "ff02::1",
    ]
  ) assert.equal(all?.has(address), false, address);
  for (const address of ["8.8.8.8", "192.168.1.1", "2001:db8::1", "::1"]) {
    assert.equal(all?.has(address), true, address);
  }
});

test("what is no network is seen", () => {
  for (const text of ["", "10.0.0.0", "10.0.0.0/33", "::/129", "localhost/8", "10.0.0.0/8,", "10.0.0.0/8;::/0"]) {
    assert.equal(Networks.parse(text), undefined, text);
  }
});
