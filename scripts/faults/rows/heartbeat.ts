/** Heartbeats that are late or lost, and clocks that are wrong. */
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";
import { completeUpload, openUpload, putPart } from "../upload_client.ts";

const MIB = 1024 * 1024;
const LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

async function serversOf(stage: Stage): Promise<number> {
  return (await (await fetch(`${stage.gateways[0]?.url}/readyz`)).json()).servers;
}

/** See above. */
export const HEARTBEAT_ROWS: readonly Row[] = [
  {
    number: 12,
    name: "a daemon stays stopped for 40 s, and goes on",
    inject: "SIGSTOP, SIGCONT",
    expect: "off the ring within 35 s; back by itself; no call fails",
    phases: ["once"],
    run: async (stage) => {
      const victim = stage.daemon(2);
      victim.stop();
      const began = Date.now();
      let off = 0;
      try {
        while (Date.now() - began < 40_000) {
          if (off === 0 && await serversOf(stage) < stage.daemons.length) off = Date.now() - began;
          const { status, code } = await stage.put("while-stopped", stage.content(MIB));
          check(status === 201, `an upload: ${status} ${code}`);
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
      } finally {
        victim.go();
      }
      check(off > 0 && off <= 42_000, `off the ring after ${off} ms`);
      await stage.seen();
    },
  },
  {
    number: 31,
    name: "the clock of a gateway is wrong by an hour",
    inject: "libfaketime: a gateway an hour ahead, then one an hour behind",
    expect: "every server is seen as alive; uploads, downloads and the cleanup go on",
    phases: ["once"],
    needs: ["faketime"],
    run: async (stage) => {
      for (const offset of ["+3600", "-3600"]) {
        const gateway = await stage.startGateway({
          LD_PRELOAD: LIBRARY,
          FAKETIME: offset,
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
        });
        const content = stage.content(8 * MIB);
        const number = stage.gateways.indexOf(gateway);
        const put = await stage.put(`clock${offset}`, content, number);
        const got = await stage.get(`clock${offset}`, content, number);
        check(put.status === 201 && got.status === 200 && got.wrong === undefined, `${put.status}, ${got.status}`);
        check(await serversOf(stage) === stage.daemons.length, "servers are missing");
        await new Promise((resolve) => setTimeout(resolve, 3000));
        await stage.killGateway(gateway);
      }
    },
  },
  {
    number: 32,
    name: "the clock of a gateway jumps by an hour, to and fro",
    inject: "libfaketime, while 20 uploads in parts are open and the cleanup runs every second",
    expect: "no upload ends before its time; all can be completed",
    phases: ["once"],
    needs: ["faketime"],
    run: async (stage) => {
      const clock = `${stage.cluster.folder}/clock`;
      await Deno.writeTextFile(clock, "+0");
      const gateway = await stage.startGateway({
        LD_PRELOAD: LIBRARY,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      });
      const number = stage.gateways.indexOf(gateway);
      const content = stage.content(2 * MIB);
      const uploads = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
        await stage.manifest.begin(`jump-${i}`, content);
        const { status, path } = await openUpload(stage.url(`jump-${i}`, number), content);
        check(status === 201, `an upload cannot be opened: ${status}`);
        return `${gateway.url}${path}`;
      }));
      for (const [at, offset] of ["+3600", "-3600", "+0"].entries()) {
        await Deno.writeTextFile(clock, offset);
        await new Promise((resolve) => setTimeout(resolve, 3000));
        check(await serversOf(stage) === stage.daemons.length, "servers are missing");
        const [from, to] = [Math.floor(content.size * at / 3), Math.floor(content.size * (at + 1) / 3)];
        for (const upload of uploads) {
          const { status, code } = await putPart(upload, content, from, to);
          check(status === 200, `a part at ${offset} s: ${status} ${code}`);
        }
      }
      for (const [i, upload] of uploads.entries()) {
        const { status, code } = await completeUpload(upload);
        check(status === 200, `a completion: ${status} ${code}`);
        await stage.manifest.acknowledge(`jump-${i}`, content);
      }
      await stage.killGateway(gateway);
    },
  },
  {
    number: 33,
    name: "one or two heartbeats are lost",
    inject: "a lock on the server's row in PostgreSQL, for 18 s",
    expect: "it stays on the ring, and nothing is rebuilt",
    phases: ["once"],
    run: async (stage) => {
      const { serverId } = stage.daemon(3);
      await stage.put("kept", stage.content(8 * MIB));
      await stage.ledger.sql.begin(async (tx) => {
        await tx`SELECT FROM storage_servers WHERE id = ${serverId} FOR UPDATE`;
        for (const until = Date.now() + 18_000; Date.now() < until;) {
          check(await serversOf(stage) === stage.daemons.length, "the server has left the ring");
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
      });
      const [row] = await stage.ledger.sql<{ count: number }[]>`SELECT count(*)::int AS count FROM repairs`;
      check(row?.count === 0, `${row?.count} chunks are to be rebuilt`);
    },
  },
];
