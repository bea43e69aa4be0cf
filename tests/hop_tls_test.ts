import assert from "node:assert/strict";
import { connect } from "node:tls";
import { openDatabase } from "../gateway/db/database.ts";
import { freePort, launchDaemon, ROOT, stopAll, until } from "../scripts/programs.ts";
import { type LocalCluster, TOKEN } from "../scripts/local_cluster.ts";
import { chunkFiles, TestCluster } from "./cluster.ts";

const FILES = `${ROOT}tests/tls`;
const CA = `${FILES}/ca.crt`;

/** A daemon with this certificate. */
async function addDaemon(cluster: LocalCluster, name: string, certificate: string): Promise<void> {
  const [grpcPort, httpPort] = [await freePort(), await freePort()];
  const folder = `${cluster.folder}/${name}`;
  const process = launchDaemon({
    SIXFOLD_DATA_DIR: folder,
    DATABASE_URL: cluster.postgres.url,
    SIXFOLD_CLUSTER_TOKEN: TOKEN,
    SIXFOLD_GRPC_PORT: String(grpcPort),
    SIXFOLD_HTTP_PORT: String(httpPort),
    SIXFOLD_RESERVE: "0",
    SIXFOLD_LOG: "warn",
    SIXFOLD_TLS_CERT_FILE: `${certificate}.crt`,
    SIXFOLD_TLS_KEY_FILE: `${certificate}.key`,
    SIXFOLD_HOP_CA_FILE: CA,
  });
  cluster.daemons.push({ grpc: `127.0.0.1:${grpcPort}`, http: `127.0.0.1:${httpPort}`, folder, process });
}

/** Whose certificate a port shows. */
async function shown(address: string): Promise<string> {
  const [host = "", port] = address.split(":");
  return await new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ["h2"] }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

Deno.test("gateways and daemons speak TLS with each other", async (t) => {
  await using cluster = await TestCluster.start(0);
  const own = `${cluster.folder}/own`;
  const use = async (name: string) => {
    for (const kind of ["key", "crt"]) await Deno.copyFile(`${FILES}/${name}.${kind}`, `${own}.${kind}`);
  };
  await use("first");
  for (let i = 0; i < 6; i++) await addDaemon(cluster, `daemon-${i}`, own);
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) ^ (i >> 8));
  const store = async (gateway: string, key: string) => {
    const response = await fetch(`${gateway}/v1/files/tls/${key}`, { method: "PUT", body: bytes });
    await response.body?.cancel();
    return response.status;
  };
  const same = async (gateway: string, key: string) => {
    const back = await (await fetch(`${gateway}/v1/files/tls/${key}`)).bytes();
    assert.ok(Buffer.from(bytes).equals(back));
  };
  for (const hop of ["web", "grpc"]) {
    await t.step(`${hop}: a file goes there and back`, async () => {
      const soon = { SIXFOLD_GRACE: "0", SIXFOLD_CLEANUP_EVERY: "1" };
      const gateway = await cluster.addGateway({ SIXFOLD_HOP: hop, SIXFOLD_HOP_CA_FILE: CA, ...soon });
      assert.equal(await store(gateway, hop), 201);
      await same(gateway, hop);
      // What is deleted goes by the small calls, which have a client of their own.
      await (await fetch(`${gateway}/v1/files/tls/${hop}`, { method: "DELETE" })).body?.cancel();
      await until("the chunks of the deleted file are still there", 60_000, async () => {
        const kept = await Promise.all(cluster.daemons.map(({ folder }) => chunkFiles(`${folder}/chunks`)));
        return kept.flat().length === 0;
      });
      assert.deepEqual(await stopAll(cluster.gateways.splice(0)), []);
    });
    await t.step(`${hop}: whom nobody vouches for is not spoken with, and in plain text nobody is`, async () => {
      for (const ca of [{ SIXFOLD_HOP_CA_FILE: `${FILES}/stranger.crt` }, {}]) {
        const gateway = await cluster.addGateway({ SIXFOLD_HOP: hop, SIXFOLD_LOG: "error", ...ca });
        assert.equal(await store(gateway, "none"), 503);
      }
      assert.deepEqual(await stopAll(cluster.gateways.splice(0)), []);
    });
  }
  await t.step("a certificate that is replaced is shown by both doors, and no request fails", async () => {
    const gateways: Record<string, string> = {};
    for (const hop of ["web", "grpc"]) {
      gateways[hop] = await cluster.addGateway({ SIXFOLD_HOP: hop, SIXFOLD_HOP_CA_FILE: CA });
    }
    await use("second");
    const doors = cluster.daemons.flatMap(({ grpc, http }) => [grpc, http]);
    await until("a door shows its old certificate", 60_000, async () => {
      for (const [hop, gateway] of Object.entries(gateways)) {
        assert.equal(await store(gateway, `${hop} ${Date.now()}`), 201);
      }
      return (await Promise.all(doors.map(shown))).every((name) => name === "second");
    });
    for (const [hop, gateway] of Object.entries(gateways)) {
      assert.equal(await store(gateway, `${hop} again`), 201);
      await same(gateway, `${hop} again`);
    }
  });
  await t.step("a gateway does not start where the token would go elsewhere in plain text", async () => {
    const sql = await openDatabase(cluster.postgres.url, 1);
    await sql`UPDATE storage_servers SET http_address = '192.0.2.1:51051' WHERE http_address = ${
      cluster.daemons[0]?.http ?? ""
    }`;
    await sql.end();
    const { code, stderr } = await new Deno.Command("node", {
      args: [`${ROOT}scripts/run.mjs`, "gateway"],
      env: { DATABASE_URL: cluster.postgres.url, SIXFOLD_CLUSTER_TOKEN: TOKEN, SIXFOLD_PORT: "0" },
    }).output();
    assert.equal(code, 1);
    assert.match(new TextDecoder().decode(stderr), /192\.0\.2\.1:51051 is elsewhere.*RISK_PLAIN_TEXT/);
  });
});
