/** PostgreSQL that is away, slow or restarted. */
import { until } from "../../programs.ts";
import { during } from "../during.ts";
import { endPostgres, pausePostgres, startPostgresAgain } from "../postgres_faults.ts";
import { ALWAYS, check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

const MIB = 1024 * 1024;
/** What a call may answer while PostgreSQL is away. */
const AWAY = { allow: [503, 504], withinMs: 32_000 };
/** Everything works again so soon after PostgreSQL's return, in ms. */
const RETURN_MS = 5000;

/** @throws Error when uploads do not work in time */
async function untilBack(stage: Stage): Promise<void> {
  for (const gateway of stage.gateways.keys()) {
    await until("no upload works", RETURN_MS, async () => {
      return (await stage.put(`back-${gateway}`, stage.content(MIB), gateway)).status === 201;
    });
  }
}

/** See above. */
export const DATABASE_ROWS: readonly Row[] = [
  {
    number: 36,
    name: "PostgreSQL is killed and stays away for a while",
    inject: "SIGKILL for all of its processes, 3 s without it",
    expect: "calls get 503 in time, nothing ends, readiness is false; all works within 5 s of its return",
    phases: ALWAYS,
    quick: ["uploading"],
    run: async (stage, phase) => {
      await during(stage, phase, {
        inject: async () => {
          await endPostgres(stage, "SIGKILL");
          const ready = await fetch(`${stage.gateways[0]?.url}/readyz`);
          await ready.body?.cancel();
          check(ready.status === 503, `ready without PostgreSQL: ${ready.status}`);
          await new Promise((resolve) => setTimeout(resolve, 3000));
        },
        heal: () => startPostgresAgain(stage),
      }, { ...AWAY, allow: [...AWAY.allow, 0] });
      await untilBack(stage);
    },
  },
  {
    number: 37,
    name: "PostgreSQL is restarted without a checkpoint",
    inject: "SIGQUIT (immediate), and a start at once",
    expect: "at most the calls in flight fail, with 503; all works within 5 s",
    phases: ALWAYS,
    run: async (stage, phase) => {
      const inject = async () => {
        await endPostgres(stage, "SIGQUIT");
        await startPostgresAgain(stage);
      };
      await during(stage, phase, { inject, heal: () => {} }, { ...AWAY, allow: [...AWAY.allow, 0] });
      await untilBack(stage);
    },
  },
  {
    number: 38,
    name: "PostgreSQL stops answering, and its connections stay",
    inject: "SIGSTOP for all of its processes",
    expect: "calls get 503 or 504 in time; all works within 5 s of its return",
    phases: ALWAYS,
    run: async (stage, phase) => {
      const inject = () => pausePostgres(stage, "SIGSTOP");
      await during(stage, phase, { inject, heal: () => pausePostgres(stage, "SIGCONT") }, AWAY);
      await untilBack(stage);
    },
  },
  {
    number: 39,
    name: "a lock in PostgreSQL holds commits up",
    inject: "LOCK TABLE files",
    expect: "503 or 504 in time, for an upload and for a hundred; reads go on",
    phases: ["once"],
    run: async (stage) => {
      const kept = stage.content(MIB);
      await stage.put("kept", kept);
      await stage.ledger.sql.begin(async (tx) => {
        await tx`LOCK TABLE files IN SHARE MODE`;
        const puts = Array.from({ length: 100 }, (_, i) => stage.put(`held-${i}`, stage.content(100)));
        const read = await stage.get("kept", kept);
        check(read.status === 200 && read.ms < 12_000, `a read meanwhile: ${read.status} ${read.code}, ${read.ms} ms`);
        for (const { status, code, ms } of await Promise.all(puts)) {
          check([503, 504, 429].includes(status) && ms < 40_000, `${status} ${code} after ${ms} ms`);
        }
      });
      await untilBack(stage);
    },
  },
  {
    number: 40,
    name: "more calls at once than connections to PostgreSQL",
    inject: "200 clients of small files",
    expect: "all succeed, or are told to wait; readiness answers",
    phases: ["once"],
    run: async (stage) => {
      const puts = Array.from({ length: 200 }, (_, i) => stage.put(`many-${i}`, stage.content(1000)));
      const ready = await fetch(`${stage.gateways[0]?.url}/readyz`);
      await ready.body?.cancel();
      check(ready.status === 200, `readiness: ${ready.status}`);
      for (const { status, code } of await Promise.all(puts)) {
        check([201, 429, 503].includes(status), `${status} ${code}`);
      }
    },
  },
  {
    number: 42,
    name: "PostgreSQL takes no writes",
    inject: "default_transaction_read_only for all sessions",
    expect: "503, at most for reads too; no chunk is left behind; it recovers by itself",
    phases: ["once"],
    run: async (stage) => {
      const kept = stage.content(8 * MIB);
      await stage.put("kept", kept);
      const set = async (value: string) => {
        await stage.ledger.sql.unsafe(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
        await stage.ledger.sql`SELECT pg_reload_conf()`;
        await new Promise((resolve) => setTimeout(resolve, 300));
      };
      await stage.ledger.sql`SET default_transaction_read_only = off`;
      try {
        await set("on");
        for (const size of [100, 8 * MIB]) {
          const { status, code } = await stage.put(`refused-${size}`, stage.content(size));
          check(status === 503, `an upload of ${size} bytes: ${status} ${code}`);
        }
        const read = await stage.get("kept", kept);
        check([200, 503].includes(read.status) && read.wrong === undefined, `a read: ${read.status} ${read.wrong}`);
      } finally {
        await set("off");
      }
      await untilBack(stage);
    },
  },
];
