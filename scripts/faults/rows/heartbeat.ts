/** Heartbeats that are late or lost, and clocks that are wrong. */
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

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
];
