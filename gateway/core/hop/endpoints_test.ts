import assert from "node:assert/strict";
import { Networks } from "../../../shared/networks.ts";
import { Endpoints } from "./endpoints.ts";

const networks = Networks.parse("127.0.0.0/8,::1/128,10.0.0.0/8");
assert.ok(networks);

Deno.test("what is no address of an allowed network is not dialled", async () => {
  const endpoints = new Endpoints(
    networks,
    () => Promise.resolve([{ address: "169.254.169.254" }, { address: "8.8.8.8" }]),
  );
  for (
    const registered of [
      "169.254.169.254:80",
      "[::ffff:169.254.169.254]:80",
      "[::ffff:8.8.8.8]:80",
      "8.8.8.8:80",
      "daemon.example:51051",
      "file:///etc/passwd",
      "127.0.0.1",
      "127.0.0.1:0",
      "127.0.0.1:99999",
      "127.0.0.1:80/path",
      "x@127.0.0.1:80",
      "127.0.0.1:80#:51051",
      "[127.0.0.1]:80",
      "[fe80::1%eth0]:80",
      "http://127.0.0.1:80",
      "",
    ]
  ) await assert.rejects(endpoints.find(registered), { code: "unavailable" }, registered);
});

Deno.test("an address is dialled as it is, and one of IPv4 in the clothes of IPv6 is checked as what it is", async () => {
  const endpoints = new Endpoints(networks, () => Promise.reject(new Error("nobody asks")));
  const ipOf = async (registered: string) => (await endpoints.find(registered)).ip;
  assert.equal(await ipOf("10.1.2.3:51051"), "10.1.2.3");
  assert.equal((await endpoints.find("[::1]:51051")).address, "[::1]:51051");
  assert.equal(await ipOf("[::ffff:127.0.0.1]:51051"), "::ffff:127.0.0.1");
});

Deno.test("a name that changes its address is dialled where it was checked", async () => {
  let asked = 0;
  const endpoints = new Endpoints(networks, () => {
    return Promise.resolve([{ address: asked++ === 0 ? "10.0.0.7" : "169.254.169.254" }]);
  });
  const expected = { address: "10.0.0.7:51051", ip: "10.0.0.7", port: 51051, name: "daemon-1" };
  assert.deepEqual(await endpoints.find("daemon-1:51051"), expected);
  assert.deepEqual(await endpoints.find("daemon-1:51051"), expected);
  assert.equal(asked, 1);
});

Deno.test("a name that is not found is asked for again", async () => {
  let asked = 0;
  const endpoints = new Endpoints(networks, () => {
    return asked++ === 0 ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve([{ address: "10.0.0.7" }]);
  });
  await assert.rejects(endpoints.find("daemon-1:51051"), { code: "unavailable" });
  assert.equal((await endpoints.find("daemon-1:51051")).ip, "10.0.0.7");
});

Deno.test("while DNS is away, the address that it gave last is dialled", async () => {
  let now = 0;
  let away = false;
  const found = [{ address: "10.0.0.7" }];
  const look = () => away ? Promise.reject(new Error("EAI_AGAIN")) : Promise.resolve(found);
  const endpoints = new Endpoints(networks, look, () => now);
  assert.equal((await endpoints.find("daemon-1:51051")).ip, "10.0.0.7");
  away = true;
  for (let i = 0; i < 3; i++) {
    now += 60_000;
    assert.equal((await endpoints.find("daemon-1:51051")).ip, "10.0.0.7");
  }
  await assert.rejects(endpoints.find("daemon-2:51051"), { code: "unavailable" });
  found[0] = { address: "10.0.0.8" };
  away = false;
  now += 60_000;
  assert.equal((await endpoints.find("daemon-1:51051")).ip, "10.0.0.8");
});
