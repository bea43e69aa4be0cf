import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { until } from "../scripts/programs.ts";
import { sleep } from "../shared/sleep.ts";
import { TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;
/** More than kernels hold for a connection. */
const SIZE = 16 * MIB;
const READERS = 24;
/** What a slow reader takes in a second. */
const SLOW = 50_000;

/** A reader on a bare socket that takes 50 KB a second until it is told to hurry. */
class SlowReader {
  received = 0;
  readonly #hurry = new AbortController();
  /** The SHA-256 of the body; of what came of it where the connection broke. */
  readonly sha256: Promise<string>;

  constructor(address: string) {
    this.sha256 = this.#read(new URL(address));
  }

  hurry(): void {
    this.#hurry.abort();
  }

  async #read({ hostname, port, pathname }: URL): Promise<string> {
    using socket = await Deno.connect({ hostname, port: Number(port) });
    await socket.write(new TextEncoder().encode(`GET ${pathname} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`));
    const hash = createHash("sha256");
    const buffer = new Uint8Array(SLOW);
    let head = "";
    while (this.received < SIZE) {
      const count = await socket.read(buffer).catch(() => null);
      if (count === null) break;
      let bytes = buffer.subarray(0, count);
      if (!head.includes("\r\n\r\n")) {
        const before = head.length;
        head += String.fromCharCode(...bytes.subarray(0, 4096));
        const end = head.indexOf("\r\n\r\n");
        bytes = end < 0 ? bytes.subarray(0, 0) : bytes.subarray(end + 4 - before);
      }
      hash.update(bytes);
      this.received += bytes.length;
      await sleep(1000, this.#hurry.signal);
    }
    return hash.digest("hex");
  }
}

Deno.test("readers that are slow hold up nobody, and are served to the end", async () => {
  await using cluster = await TestCluster.start(3);
  // Memory for three stripes of downloads.
  const address = `${await cluster.addGateway({ SIXFOLD_MEMORY: "24M" })}/v1/files/demo/large`;
  const body = makeBody(SIZE);
  assert.equal((await fetch(address, { method: "PUT", body: body.stream })).status, 201);
  const sha256 = body.digest();
  const readers = Array.from({ length: READERS }, () => new SlowReader(address));
  await until("the readers have begun", 60_000, () => Promise.resolve(readers.every(({ received }) => received > 0)));
  for (let i = 0; i < 10; i++) {
    assert.deepEqual(await digestOf(await fetch(address)), { sha256, length: SIZE });
  }
  assert.ok(readers.every(({ received }) => received < SIZE), "slow readers read on while fast ones are served");
  for (const reader of readers) reader.hurry();
  for (const reader of readers) assert.equal(await reader.sha256, sha256, `${reader.received} bytes came`);
});
