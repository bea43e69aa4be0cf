import assert from "node:assert/strict";
import { request } from "node:https";
import { test } from "node:test";
import { connect, type PeerCertificate } from "node:tls";
import { createLogger } from "../shared/logger.ts";
import { isAlwaysLetIn, refuse } from "./api/refusal.ts";
import { followCertificate, readCertificate } from "../shared/certificate.ts";
import { createRequestWatch } from "./request_watch.ts";
import { openDoor } from "./server.ts";

const file = (name: string) => new URL(`testdata/${name}`, import.meta.url).pathname;
const log = createLogger("error", () => {});
const first = () => readCertificate(file("first.crt"), file("first.key"));
const second = () => readCertificate(file("second.crt"), file("second.key"));

async function shown(port: number): Promise<PeerCertificate> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("a key that is another certificate's, and files that are none, are refused in a sentence", async () => {
  await assert.rejects(readCertificate(file("first.crt"), file("second.key")), /TLS_KEY_FILE/);
  await assert.rejects(readCertificate(file("none"), file("first.key")), /cannot be used/);
  await assert.rejects(readCertificate(file("first.key"), file("first.key")), { code: "failed_precondition" });
});

test("over TLS bodies go both ways, a certificate that changes is shown to the next, and a bad one changes nothing", async () => {
  let serves = first;
  const certificate = await first();
  const door = await openDoor({
    host: "127.0.0.1",
    port: 0,
    certificate,
    handler: async (request) => new Response(await request.bytes()),
    refuse,
    always: isAlwaysLetIn,
    most: 10,
    crowds: { uploads: () => false, downloads: () => false },
    watch: createRequestWatch(undefined),
    log,
  });
  let taken = () => {};
  const renew = (next: typeof certificate) => (door.renew(next), taken());
  const unfollow = followCertificate(() => serves(), certificate, renew, log, 5);
  try {
    const body = crypto.getRandomValues(new Uint8Array(50_000));
    const echoed = await new Promise<{ bytes: Uint8Array; nosniff: unknown }>((resolve, reject) => {
      const call = request(
        { port: door.port, host: "127.0.0.1", method: "PUT", rejectUnauthorized: false },
        (answer) => {
          const pieces: Uint8Array[] = [];
          answer.on("data", (piece) => pieces.push(piece)).on("error", reject);
          answer.on("end", () => {
            resolve({ bytes: Buffer.concat(pieces), nosniff: answer.headers["x-content-type-options"] });
          });
        },
      );
      call.on("error", reject).end(body);
    });
    assert.ok(Buffer.from(body).equals(echoed.bytes));
    assert.equal(echoed.nosniff, "nosniff");
    assert.equal((await shown(door.port)).subject.CN, "first");
    const changed = new Promise<void>((resolve) => taken = resolve);
    serves = second;
    await changed;
    assert.equal((await shown(door.port)).subject.CN, "second");
    serves = () => readCertificate(file("none"), file("none"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await shown(door.port)).subject.CN, "second");
  } finally {
    unfollow();
    await door.close(1000);
  }
});
