/** Rebuilding, interrupted at each of its steps; and transactions that stand in each other's way. */
import { until } from "../../programs.ts";
import { each } from "../each.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

const MIB = 1024 * 1024;

async function count(stage: Stage, table: "intents" | "garbage" | "repairs"): Promise<number> {
  const [row] = await stage.ledger.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM ${stage.ledger.sql(table)}`;
  return row?.count ?? 0;
}

/** The moments at which all gateways are killed: each waits until it has come. */
const MOMENTS: Readonly<Record<string, (stage: Stage, kill: () => Promise<void>) => Promise<void>>> = {
  "as the copy begins": async (stage, kill) => {
    await until("no repair begins", 20_000, async () => await count(stage, "intents") > 0);
    await kill();
  },
  "in the middle of the copy": async (stage, kill) => {
    await until("no repair begins", 20_000, async () => await count(stage, "intents") > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await kill();
  },
  "when the copy is there, before the row is switched": async (stage, kill) => {
    await stage.ledger.sql.begin(async (tx) => {
      await tx`LOCK TABLE chunks IN SHARE MODE`;
      await until("no repair gets as far as its switch", 20_000, async () => {
        const rows = await tx`SELECT FROM pg_locks WHERE relation = 'chunks'::regclass AND NOT granted`;
        return rows.length > 0;
      });
      await kill();
    });
  },
  "when the row is switched, before the old chunk is gone": async (stage, kill) => {
    await until("no chunk becomes garbage", 20_000, async () => await count(stage, "garbage") > 0);
    await kill();
  },
};

/** See above. */
export const REPAIR_ROWS: readonly Row[] = [
  {
    number: 41,
    name: "transactions that wait for each other in a circle, and for the same rows",
    inject:
      "40 uploads and deletes of 3 keys at once, and a transaction that locks files and then intents, again and again",
    expect: "PostgreSQL's victim is tried again, or told with 409, 503 or 504; never 500",
    phases: ["once"],
    run: async (stage) => {
      const over = new AbortController();
      const disturb = async () => {
        while (!over.signal.aborted) {
          await stage.ledger.sql.begin(async (tx) => {
            await tx`SELECT FROM files FOR UPDATE`;
            await new Promise((resolve) => setTimeout(resolve, 50));
            await tx`SELECT FROM intents FOR UPDATE`;
          }).catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };
      const disturbing = disturb();
      try {
        await each([...Array(40).keys()], 6, async (i) => {
          const key = `circle-${i % 3}`;
          const gateway = i % 2;
          const { status, code } = i % 8 === 7
            ? await stage.remove(key, gateway)
            : await stage.put(key, stage.content(MIB), gateway);
          check([201, 204, 404, 409, 503, 504].includes(status), `${key}: ${status} ${code}`);
        });
      } finally {
        over.abort();
        await disturbing;
      }
      // Who was last is known to nobody but PostgreSQL: the keys are given one last content.
      for (let i = 0; i < 3; i++) {
        const { status } = await stage.put(`circle-${i}`, stage.content(1000));
        check(status === 201, `an upload afterwards: ${status}`);
      }
    },
  },
  {
    number: 49,
    name: "all gateways are killed while chunks are rebuilt",
    inject: `SIGKILL ${Object.keys(MOMENTS).join(", ")}`,
    expect: "the gateways that come next go on; every file has all its chunks in the end, and no chunk is left over",
    phases: ["once"],
    run: async (stage) => {
      for (const [name, wait] of Object.entries(MOMENTS)) {
        const key = `rebuilt-${Object.keys(MOMENTS).indexOf(name)}`;
        const content = stage.content(24 * MIB);
        check((await stage.put(key, content)).status === 201, "an upload failed");
        await until(
          "uploads and garbage are left from before",
          60_000,
          async () => await stage.ledger.endGrace() === 0,
        );
        // A read asks for chunk 0, and tells that it is missing. Nobody would tell of what is missing of other files.
        const [first] = await stage.ledger.sql<{ chunkId: string }[]>`
          SELECT c.chunk_id AS "chunkId" FROM chunks c JOIN files f ON f.id = c.file_id
          WHERE f.key = ${new TextEncoder().encode(key)} AND c.index = 0`;
        const paths = (await Promise.all(stage.daemons.map((daemon) => daemon.chunkPaths()))).flat();
        const lost = paths.find((path) => path.endsWith(`/${first?.chunkId}`));
        check(lost !== undefined, "the first chunk is nowhere");
        await Deno.remove(lost);
        const kill = async () => {
          for (const gateway of [...stage.gateways]) await stage.killGateway(gateway);
        };
        const got = stage.get(key, content);
        await wait(stage, kill).catch((error) => {
          throw new Error(`${name}: ${error.message}`);
        });
        await got;
        for (let i = 0; i < 2; i++) await stage.startGateway();
        await stage.ledger.endLeases();
        const back = await stage.get(key, content);
        check(back.status === 200 && back.wrong === undefined, `${name}: ${back.status} ${back.wrong ?? back.code}`);
      }
    },
  },
];
