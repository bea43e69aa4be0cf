/** What logs and metrics say of what nobody should read there. */
import { gatewayFlags } from "../../gateway_flags.mjs";
import { TOKEN } from "../../local_cluster.ts";
import { answers, freePort, ROOT, until } from "../../programs.ts";
import { ask } from "../ask.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

/** Stands in everything that a user sends. */
const PLANTED = "planted-4711";

/** A gateway that logs all it can into a file. */
async function talkative({ cluster }: Stage, log: string): Promise<{ url: string; process: Deno.ChildProcess }> {
  const port = await freePort();
  const program = [Deno.execPath(), "run", ...gatewayFlags(ROOT, {}), `${ROOT}gateway/main.ts`];
  const process = new Deno.Command("sh", {
    args: ["-c", 'exec "$@" 2>"$0"', log, ...program],
    env: {
      DATABASE_URL: cluster.postgres.url,
      SIXFOLD_CLUSTER_TOKEN: TOKEN,
      SIXFOLD_PORT: String(port),
      SIXFOLD_LOG: "debug",
      SIXFOLD_CLEANUP_EVERY: "1",
    },
    stdin: "null",
    stdout: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  await until("the gateway is not ready", 20_000, () => answers(`${url}/readyz`));
  return { url, process };
}

/** Calls of every kind, right and wrong, with the planted word in each place that a user fills. */
async function callAround(url: string): Promise<void> {
  const file = `${url}/v1/files/${PLANTED}/${PLANTED}`;
  const headers = {
    authorization: `Bearer ${PLANTED}`,
    cookie: PLANTED,
    "content-type": `text/${PLANTED}`,
    "x-sixfold-meta-a": PLANTED,
    "user-agent": PLANTED,
  };
  for (const body of [PLANTED, PLANTED.repeat(20_000)]) {
    await ask(file, { method: "PUT", body, headers });
    await ask(file, { headers });
    await ask(file, { method: "PUT", body, headers: { ...headers, "content-digest": `sha-256=:${PLANTED}:` } });
    await ask(file, { method: "PUT", body, headers: { ...headers, "if-none-match": "*" } });
  }
  await ask(`${file}-none?token=${PLANTED}`);
  await ask(`${file}//`, { method: "PUT", body: PLANTED });
  const made = await ask(`${url}/v1/uploads`, {
    method: "POST",
    body: JSON.stringify({ bucket: PLANTED, key: PLANTED, size: 3, metadata: { a: PLANTED } }),
  });
  const upload = `${url}/v1/uploads/${JSON.parse(made.text).id}`;
  await ask(`${upload}/parts/0`, { method: "PUT", body: PLANTED });
  await ask(`${upload}/complete`, { method: "POST" });
  await ask(upload, { method: "DELETE" });
  for (const method of ["GetFile", "DeleteFile", "ListFiles"]) {
    await ask(`${url}/sixfold.v1.FileService/${method}`, {
      method: "POST",
      body: JSON.stringify({ bucket: PLANTED, key: `${PLANTED}\u0000`, prefix: PLANTED }),
      headers: { "content-type": "application/json" },
    });
  }
  await ask(file, { method: "DELETE" });
}

/** See above. */
export const SECRET_ROWS: readonly Row[] = [
  {
    number: 87,
    name: "secrets and names in logs and metrics",
    inject: "a word in every place that a user fills, calls right and wrong, and a gateway that logs all it can",
    expect: "neither the word, nor the cluster's token, nor the password of PostgreSQL is in its log or in any metrics",
    phases: ["once"],
    run: async (stage) => {
      const log = `${stage.cluster.folder}/talkative.log`;
      const { url, process } = await talkative(stage, log);
      const metrics: string[] = [];
      try {
        await callAround(url);
        metrics.push((await ask(`${url}/metrics`)).text);
        for (const { daemon } of stage.daemons) metrics.push((await ask(`http://${daemon.http}/metrics`)).text);
      } finally {
        process.kill("SIGTERM");
        await process.status;
      }
      const text = await Deno.readTextFile(log);
      check(text.includes('"debug"'), "the gateway has logged nothing");
      const password = new URL(stage.cluster.postgres.url).password;
      for (const secret of [PLANTED, TOKEN, password]) {
        const line = [text, ...metrics].join("\n").split("\n").find((line) => line.includes(secret));
        check(line === undefined, `it is said: ${line?.slice(0, 300)}`);
      }
    },
  },
];
