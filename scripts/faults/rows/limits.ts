/** More than a process can take: load, files, memory; and what it says of secrets meanwhile. */
import { until } from "../../programs.ts";
import { each } from "../each.ts";
import { overload } from "../overload.ts";
import { residentMemory } from "../process_watch.ts";
import { runTool } from "../run_tool.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

const MIB = 1024 * 1024;
const FILES = 120;

/** Calls over the hop so far that requests have made: what goes on behind them comes when it comes. */
function callsOf({ daemons }: Stage): number {
  const counts = daemons.flatMap(({ proxy: { calls } }) => [calls.get("PutChunk"), calls.get("GetChunk")]);
  return counts.reduce<number>((sum, count = 0) => sum + count, 0);
}

/** Files and downloads of them, one after another. @returns calls over the hop for each */
async function hopCalls(stage: Stage, name: string, count: number): Promise<number> {
  const before = callsOf(stage);
  await each([...Array(count).keys()], 4, async (i) => {
    const content = stage.content(MIB);
    const put = await stage.put(`${name}-${i}`, content);
    check(put.status === 201, `an upload: ${put.status} ${put.code}`);
    const got = await stage.get(`${name}-${i}`, content);
    check(got.status === 200 && got.wrong === undefined, `a download: ${got.status} ${got.wrong ?? got.code}`);
  });
  return (callsOf(stage) - before) / count;
}

/** See above. */
export const LIMIT_ROWS: readonly Row[] = [
  {
    number: 79,
    name: "ten times the load",
    inject: "calls of 1 MiB that begin ten times as often as the most that can be served, for 16 s, three times",
    expect: "the good rate stays at 80 % of the one right before at least, and is as usual within 10 s after",
    phases: ["once"],
    run: async (stage) => {
      const { kept, left, seconds, text } = await overload(stage);
      check(kept >= 0.8 && left >= 0.8 && seconds <= 10, text);
    },
  },
  {
    number: 80,
    name: "calls again and again to a server that is down",
    inject: "SIGKILL of a daemon, calls over the hop counted in a proxy before the daemons",
    expect: "at most 1.2 times the calls for each file",
    phases: ["once"],
    run: async (stage) => {
      await hopCalls(stage, "warm", 20);
      const usual = await hopCalls(stage, "usual", 60);
      const victim = stage.daemon(1);
      await victim.kill();
      try {
        const amplified = await hopCalls(stage, "away", 60) / usual;
        check(amplified <= 1.2, `${amplified.toFixed(2)} times the calls`);
      } finally {
        await victim.restart();
      }
    },
  },
  {
    number: 83,
    name: "a gateway and a daemon run out of files",
    inject: `prlimit: ${FILES} open files, and twice as many connections to the gateway`,
    expect: "calls fail with an error, or succeed; when the connections have gone, all works again",
    phases: ["once"],
    run: async (stage) => {
      const gateway = await stage.startGateway();
      const number = stage.gateways.indexOf(gateway);
      await runTool("prlimit", "--pid", String(gateway.process.pid), `--nofile=${FILES}:${FILES}`);
      const sockets: Deno.TcpConn[] = [];
      const { hostname, port } = new URL(gateway.url);
      for (let i = 0; i < 2 * FILES; i++) sockets.push(await Deno.connect({ hostname, port: Number(port) }));
      try {
        const signal = AbortSignal.timeout(5000);
        const { status } = await stage.put("starved", stage.content(MIB), number, { signal });
        check([0, 201, 429, 503, 507].includes(status), `an upload without files: ${status}`);
        check((await stage.put("beside", stage.content(MIB), 0)).status === 201, "the other gateway suffers");
      } finally {
        for (const socket of sockets) socket.close();
      }
      await until("no upload works", 30_000, async () => {
        return (await stage.put("again", stage.content(MIB), number)).status === 201;
      });
      await stage.killGateway(gateway);
      await starveDaemon(stage);
    },
  },
];

async function starveDaemon(stage: Stage): Promise<void> {
  const { pid } = stage.daemon(1);
  const limits = await Deno.readTextFile(`/proc/${pid}/limits`);
  const [, soft = "1024", hard = "1024"] = /Max open files\s+(\d+)\s+(\d+)/.exec(limits) ?? [];
  await runTool("prlimit", "--pid", String(pid), `--nofile=48:${hard}`);
  try {
    await each([...Array(32).keys()], 16, async (i) => {
      const content = stage.content(MIB);
      const put = await stage.put(`starved-${i}`, content);
      check(put.status === 201, `an upload with a daemon without files: ${put.status} ${put.code}`);
      const got = await stage.get(`starved-${i}`, content);
      check(got.status === 200 && got.wrong === undefined, `a download: ${got.status} ${got.wrong ?? got.code}`);
    });
  } finally {
    await runTool("prlimit", "--pid", String(pid), `--nofile=${soft}:${hard}`);
  }
  check(await residentMemory(pid) > 0, "the daemon has ended");
  await stage.daemon(1).kill();
  await stage.daemon(1).restart();
}
