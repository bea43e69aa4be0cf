/** Gateways that are killed or told to stop in the middle of something. */
import { until } from "../../programs.ts";
import { LIMIT_MS } from "../file_client.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

const MIB = 1024 * 1024;
const SIZE = 48 * MIB;

/** Puts through a gateway that is killed once so many bytes were sent; another gateway takes its place. */
async function killAt(stage: Stage, bytes: number): Promise<void> {
  const victim = await stage.startGateway();
  const number = stage.gateways.indexOf(victim);
  let killed: Promise<void> | undefined;
  const onBytes = async (sent: number) => {
    if (sent < bytes || killed !== undefined) return;
    killed = stage.killGateway(victim);
    await killed;
  };
  const { status } = await stage.put(`killed-at-${bytes}`, stage.content(SIZE), number, { onBytes });
  await killed;
  check(status === 0, `a gateway that was killed has answered ${status}`);
}

/** Holds whatever inserts into a table, kills the gateway that waits for it, and lets go. */
async function killBeforeCommit(stage: Stage): Promise<void> {
  const victim = await stage.startGateway();
  const number = stage.gateways.indexOf(victim);
  const content = stage.content(SIZE);
  await stage.ledger.sql.begin(async (tx) => {
    await tx`LOCK TABLE files IN SHARE MODE`;
    const call = stage.put("held", content, number);
    await until("nobody waits to commit", 20_000, async () => {
      const waiting = await tx`SELECT FROM pg_locks WHERE NOT granted`;
      return waiting.length > 0;
    });
    await stage.killGateway(victim);
    check((await call).status === 0, "a gateway that was killed has answered");
  });
  check((await stage.get("held", content)).status === 404, "an upload is visible that never committed");
}

/** See above. */
export const GATEWAY_ROWS: readonly Row[] = [
  {
    number: 1,
    name: "a gateway is killed before it has sent a chunk",
    inject: "SIGKILL when its intent is in PostgreSQL",
    expect: "nothing is visible, and once the lease is over nothing is left",
    phases: ["once"],
    run: async (stage) => {
      const victim = await stage.startGateway();
      const onBytes = async (sent: number) => {
        if (sent < MIB) return;
        await until("there is no intent", 30_000, async () => (await stage.ledger.sql`SELECT FROM intents`).length > 0);
        await stage.killGateway(victim);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      };
      const { status } = await stage.put("begun", stage.content(SIZE), stage.gateways.indexOf(victim), { onBytes });
      check(status === 0, `a gateway that was killed has answered ${status}`);
    },
  },
  {
    number: 2,
    name: "a gateway is killed in the middle of an upload",
    inject: "SIGKILL after each eighth of the bytes",
    expect: "nothing is visible, and once the lease is over nothing is left",
    phases: ["once"],
    run: async (stage) => {
      for (let part = 1; part <= 7; part += 2) await killAt(stage, (SIZE * part) / 8);
    },
  },
  {
    number: 3,
    name: "a gateway is killed when all chunks are durable, before the commit",
    inject: "a lock in PostgreSQL holds the commit; SIGKILL",
    expect: "nothing is visible, and once the lease is over nothing is left",
    phases: ["once"],
    quick: ["once"],
    run: killBeforeCommit,
  },
  {
    number: 5,
    name: "a gateway is killed in the middle of a download",
    inject: "SIGKILL",
    expect: "a broken transfer, never a clean end; another gateway sends the rest of the range",
    phases: ["once"],
    quick: ["once"],
    run: async (stage) => {
      const victim = await stage.startGateway();
      const number = stage.gateways.indexOf(victim);
      const content = stage.content(SIZE);
      await stage.put("read", content);
      let had = 0;
      const onBytes = async (bytes: number) => {
        had = bytes;
        if (bytes > SIZE / 3 && stage.gateways.includes(victim)) await stage.killGateway(victim);
      };
      const broken = await stage.get("read", content, number, { onBytes });
      check(
        broken.status === 0 && broken.wrong === undefined,
        `the transfer ended as ${broken.status} ${broken.wrong}`,
      );
      const rest = await stage.get("read", content, 0, { from: had });
      check(rest.status === 206 && rest.wrong === undefined, `the rest: ${rest.status} ${rest.wrong ?? rest.code}`);
    },
  },
  {
    number: 6,
    name: "all gateways are killed after a delete, before the chunk files are removed",
    inject: "SIGKILL, as soon as the delete is acknowledged",
    expect: "the file stays deleted; the gateways that come next remove its chunks",
    phases: ["once"],
    run: async (stage) => {
      await stage.put("gone", stage.content(SIZE));
      await stage.remove("gone");
      const count = stage.gateways.length;
      for (const gateway of [...stage.gateways]) await stage.killGateway(gateway);
      for (let i = 0; i < count; i++) await stage.startGateway();
    },
  },
  {
    number: 84,
    name: "a gateway or a daemon is told to stop in the middle of an upload",
    inject: "SIGTERM",
    expect: "drained within 30 s, exit 0, nothing left in tmp/; the upload of a stopped daemon succeeds",
    phases: ["once"],
    run: async (stage) => {
      await termGateway(stage);
      await termDaemon(stage);
    },
  },
];

async function termGateway(stage: Stage): Promise<void> {
  const victim = await stage.startGateway();
  const number = stage.gateways.indexOf(victim);
  stage.watch.expect(victim.process);
  let told = 0;
  const onBytes = (sent: number) => {
    if (sent < SIZE / 2 || told > 0) return;
    told = Date.now();
    victim.process.kill("SIGTERM");
  };
  const { status, code } = await stage.put("stopping", stage.content(SIZE), number, { onBytes });
  check(status === 201 || status === 503, `the upload through a gateway that stops: ${status} ${code}`);
  const { code: exit } = await victim.process.status;
  stage.gateways.splice(number, 1);
  check(exit === 0 && Date.now() - told < 32_000, `exit ${exit} after ${Date.now() - told} ms`);
}

async function termDaemon(stage: Stage): Promise<void> {
  const daemon = stage.daemon(0);
  const { process } = daemon.daemon;
  stage.watch.expect(process);
  let told = 0;
  const onBytes = (sent: number) => {
    if (sent < SIZE / 2 || told > 0) return;
    told = Date.now();
    process.kill("SIGTERM");
  };
  const { status, code, ms } = await stage.put("daemon-stopping", stage.content(SIZE), 0, { onBytes });
  check(status === 201 && ms < LIMIT_MS, `the upload while a daemon stops: ${status} ${code}`);
  const { code: exit } = await process.status;
  check(exit === 0 && Date.now() - told < 32_000, `exit ${exit} after ${Date.now() - told} ms`);
  const left = (await Array.fromAsync(Deno.readDir(`${daemon.folder}/tmp`))).map(({ name }) => name);
  check(left.length === 0, `left in tmp/: ${left.join(", ")}`);
  await daemon.restart();
}
