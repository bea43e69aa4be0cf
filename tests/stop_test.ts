import assert from "node:assert/strict";
import { connect } from "node:net";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { until } from "../scripts/programs.ts";
import { chunkFiles, seconds, TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;

/** Lets a body stop half-way until it may go on. */
function pausing(size: number) {
  let reached: () => void = () => {};
  let goOn: () => void = () => {};
  const half = new Promise<void>((resolve) => reached = resolve);
  const released = new Promise<void>((resolve) => goOn = resolve);
  const body = makeBody(size, async (sent) => {
    if (sent < size / 2) return;
    reached();
    await released;
  });
  return { body, half, goOn };
}

Deno.test("SIGTERM: what runs ends well, what is new goes elsewhere, and the exit code is 0", async (t) => {
  await using cluster = await TestCluster.start(7);
  const gateway = await cluster.addGateway();
  const file = (key: string) => `${gateway}/v1/files/demo/${key}`;

  await t.step("a daemon, with chunks on their way to it and on others: it says first that it stops", async () => {
    const { body, half, goOn } = pausing(32 * MIB);
    const upload = fetch(file("over a stopping daemon"), { method: "PUT", body: body.stream });
    await half;
    const holders = await Promise.all(cluster.daemons.map(({ folder }) => chunkFiles(`${folder}/tmp`)));
    const stopping = cluster.daemons[holders.findIndex((files) => files.length > 0)];
    assert.ok(stopping);
    let ended: number | undefined;
    stopping.process.kill("SIGTERM");
    stopping.process.status.then(({ code }) => ended = code);
    await until("the gateway does not see it", 20_000, async () => {
      return (await (await fetch(`${gateway}/readyz`)).json()).servers === 6;
    });
    const after = makeBody(2 * MIB);
    assert.equal((await fetch(file("after"), { method: "PUT", body: after.stream })).status, 201);
    assert.equal(ended, undefined, "it ended before its calls did");
    goOn();
    const response = await upload;
    assert.equal(response.status, 201, await response.text());
    assert.equal((await stopping.process.status).code, 0);
    assert.deepEqual(await chunkFiles(`${stopping.folder}/tmp`), []);
    assert.equal((await chunkFiles(`${stopping.folder}/chunks`)).length, 1);
    const back = await digestOf(await fetch(file("over a stopping daemon")));
    assert.deepEqual(back, { sha256: body.digest(), length: 32 * MIB });
    cluster.daemons.splice(cluster.daemons.indexOf(stopping), 1);
  });

  await t.step("a gateway, in the middle of an upload, of a download and of nothing", async () => {
    const { body, half, goOn } = pausing(16 * MIB);
    const large = makeBody(48 * MIB);
    assert.equal((await fetch(file("large"), { method: "PUT", body: large.stream })).status, 201);
    const idle = connect(Number(new URL(gateway).port), "127.0.0.1");
    const idleEnded = new Promise<void>((resolve) => idle.on("error", () => {}).on("close", () => resolve()));
    const upload = fetch(file("last"), { method: "PUT", body: body.stream });
    const download = await fetch(file("large"));
    await half;
    const [process] = cluster.gateways.splice(0);
    process?.kill("SIGTERM");
    assert.ok(await seconds(() => idleEnded) < 10);
    await assert.rejects(fetch(file("new"), { headers: { connection: "close" } }));
    assert.deepEqual(await digestOf(download), { sha256: large.digest(), length: 48 * MIB });
    goOn();
    const response = await upload;
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("connection"), "close");
    await response.body?.cancel();
    assert.ok(await seconds(async () => assert.equal((await process?.status)?.code, 0)) < 20);
    const other = await cluster.addGateway();
    const back = await digestOf(await fetch(`${other}/v1/files/demo/last`));
    assert.deepEqual(back, { sha256: body.digest(), length: 16 * MIB });
  });
});
