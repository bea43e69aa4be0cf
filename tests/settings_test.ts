import assert from "node:assert/strict";
import { get } from "node:https";
import { LocalCluster, TOKEN } from "../scripts/local_cluster.ts";
import { answers, freePort, ROOT, until } from "../scripts/programs.ts";

/** `npm run gateway` or `npm run daemon`, with settings from the environment alone. */
function program(name: "gateway" | "daemon", env: Record<string, string>): Deno.Command {
  const args = [`${ROOT}scripts/run.mjs`, name];
  return new Deno.Command("node", { args, env, cwd: ROOT, stdin: "null", stdout: "piped", stderr: "piped" });
}

Deno.test("a gateway and a daemon with bad settings name every problem at once, and no secret", async () => {
  const cases = {
    gateway: {
      SIXFOLD_CLUSTER_TOKEN: "secret",
      SIXFOLD_PORT: "70000",
      SIXFOLD_HOP: "smoke",
      SIXFOLD_LAYOUT: "9+9",
      SIXFOLD_GRACE: "soon",
      SIXFOLD_BLOCK_SIZE: "5000",
    },
    daemon: { SIXFOLD_GRPC_PORT: "x", SIXFOLD_HEARTBEAT: "1", SIXFOLD_RESERVE: "1Q", SIXFOLD_WEIGHT: "0" },
  };
  for (const [name, env] of Object.entries(cases)) {
    const { code, stderr } = await program(name === "gateway" ? "gateway" : "daemon", { DATABASE_URL: "", ...env })
      .output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 1);
    for (const setting of ["DATABASE_URL", "SIXFOLD_CLUSTER_TOKEN", ...Object.keys(env)]) {
      assert.match(said, new RegExp(setting));
    }
    assert.doesNotMatch(said, /secret\b(?! that)|smoke|soon/);
    assert.equal(said.trim().split("\n").length, 1, said);
  }
});

Deno.test("each program starts from the environment alone, and ends well on SIGTERM; a taken port is a sentence", async () => {
  await using cluster = await LocalCluster.open();
  const shared = { DATABASE_URL: cluster.postgres.url, SIXFOLD_CLUSTER_TOKEN: TOKEN };
  const [port, grpcPort, httpPort] = [await freePort(), await freePort(), await freePort()].map(String);
  const logs = `${cluster.folder}/logs`;
  const gatewayEnv = { ...shared, SIXFOLD_PORT: port ?? "", SIXFOLD_LOG_DIR: logs };
  const gateway = program("gateway", gatewayEnv).spawn();
  await until("the gateway does not serve", 20_000, () => answers(`http://127.0.0.1:${port}/healthz`));
  const doors = { SIXFOLD_GRPC_PORT: grpcPort ?? "", SIXFOLD_HTTP_PORT: httpPort ?? "" };
  const daemonEnv = { ...shared, ...doors, SIXFOLD_DATA_DIR: `${cluster.folder}/daemon`, SIXFOLD_LOG_DIR: logs };
  await Deno.mkdir(logs, { recursive: true });
  // A log that cannot be written harms no process.
  await Deno.symlink("/dev/full", `${logs}/daemon-${httpPort}.log`);
  const daemon = program("daemon", daemonEnv).spawn();
  await until("the daemon is not ready", 20_000, () => answers(`http://127.0.0.1:${httpPort}/readyz`));
  const others = {
    gateway: gatewayEnv,
    daemon: { ...daemonEnv, SIXFOLD_DATA_DIR: `${cluster.folder}/other` },
  };
  for (const [name, env] of Object.entries(others)) {
    const { code, stderr } = await program(name === "gateway" ? "gateway" : "daemon", env).output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 1);
    assert.match(said, /^port \d+ is taken; stop its owner or choose another[^\n]*\n$/);
  }
  // A database that cannot be had is a sentence too, and without the password.
  const right = new URL(cluster.postgres.url);
  const urls: [string, RegExp][] = [
    [right.href.replace(right.password, "wrong-one"), /^the database lets nobody in .*authentication failed/],
    [new URL("/nowhere", right).href, /^there is no database .*"nowhere" does not exist/],
    [right.href.replace("postgres:", "mysql:"), /^DATABASE_URL must be an address such as postgres:/],
    ["postgres://me:wrong-one@127.0.0.1:x/db", /^DATABASE_URL must be an address such as postgres:/],
    ["postgres://me:wrong-one@no.such.host.invalid/db", /^PostgreSQL cannot be reached.*no\.such\.host\.invalid/],
  ];
  for (const [url, wanted] of urls) {
    const { code, stderr } = await program("gateway", { ...gatewayEnv, DATABASE_URL: url }).output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 1);
    assert.match(said, wanted);
    assert.equal(said.trim().split("\n").length, 1, said);
    for (const password of [right.password, "wrong-one"]) assert.ok(!said.includes(password), said);
  }
  // What could be reached from elsewhere is refused before it listens, and goes with keys and TLS, each from a file.
  const open = { SIXFOLD_HOST: "0.0.0.0", SIXFOLD_PORT: "0", SIXFOLD_GRPC_PORT: "0", SIXFOLD_HTTP_PORT: "0" };
  for (const [name, env] of Object.entries(others)) {
    const { code, stderr } = await program(name === "gateway" ? "gateway" : "daemon", { ...env, ...open }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /^SIXFOLD_HOST=0\.0\.0\.0 is reached from elsewhere.*RISK_PLAIN_TEXT=1\n$/,
    );
  }
  const adminKey = `sixfold_0123456789abcdef_${"A".repeat(43)}`;
  await Deno.writeTextFile(`${cluster.folder}/admin key`, `${adminKey}\n`);
  const securePort = await freePort();
  const secure = program("gateway", {
    ...shared,
    SIXFOLD_HOST: "0.0.0.0",
    SIXFOLD_PORT: String(securePort),
    SIXFOLD_ADMIN_KEY_FILE: `${cluster.folder}/admin key`,
    SIXFOLD_TLS_CERT_FILE: `${ROOT}gateway/testdata/first.crt`,
    SIXFOLD_TLS_KEY_FILE: `${ROOT}gateway/testdata/first.key`,
  }).spawn();
  const ask = (headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const options = { port: securePort, path: "/v1/files?bucket=a", headers, rejectUnauthorized: false };
      get(options, (answer) => (answer.resume(), resolve(answer.statusCode ?? 0))).on("error", reject);
    });
  await until("the gateway does not answer over TLS", 60_000, async () => await ask({}) === 401);
  assert.equal(await ask({ authorization: `Bearer ${adminKey}` }), 200);
  for (const running of [gateway, daemon, secure]) {
    running.kill("SIGTERM");
    assert.equal((await running.output()).code, 0);
  }
  const told = (await Deno.readTextFile(`${logs}/gateway-${port}.log`)).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  assert.deepEqual([told.at(0)?.service, told.at(-1)?.message], ["gateway", "stopped"]);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(logs))).length, 2);
});
