/** Memory that is bounded from outside: enough of it, and so little that the kernel kills. */
import { until } from "../../programs.ts";
import { each } from "../each.ts";
import { MemoryGroup } from "../memory_group.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

const MIB = 1024 * 1024;
/** What a process gets whose end is wanted, beyond what it holds already. */
const TOO_LITTLE = MIB;
const BACK_MS = 5000;
const KILL_MS = 60_000;
const FILES = 8;
const MOST_FILES = 1000;

/** Uploads and downloads of 32 MiB until `over`: each succeeds, is told to come back, or breaks off. */
async function load(stage: Stage, name: string, number: number, width: number, over: () => boolean): Promise<void> {
  await each([...Array(MOST_FILES).keys()], width, async (i) => {
    if (over()) return;
    const content = stage.content(32 * MIB);
    const put = await stage.put(`${name}-${i}`, content, number);
    check([0, 201, 429, 503].includes(put.status), `an upload: ${put.status} ${put.code}`);
    if (put.status !== 201) return;
    const got = await stage.get(`${name}-${i}`, content, number);
    check([0, 200, 429, 503].includes(got.status) && got.wrong === undefined, `a download: ${got.status} ${got.wrong}`);
  });
}

/** Half a gibibyte for a gateway and a daemon, and more transfers than fit. */
async function enough(stage: Stage): Promise<void> {
  await using group = await MemoryGroup.make(512 * MIB);
  const gateway = await stage.startGateway();
  const number = stage.gateways.indexOf(gateway);
  for (const pid of [gateway.process.pid, stage.daemon(0).pid]) await group.add(pid);
  let left = 24;
  await load(stage, "bounded", number, left, () => left-- <= 0);
  const killed = await group.kills();
  check(killed === 0, `${killed} processes were killed`);
  await stage.killGateway(gateway);
  await stage.daemon(0).kill();
  await stage.daemon(0).restart();
}

/**
 * The kernel kills a process under load, and what stands for its supervisor starts it again. @param start does, and
 * returns once it serves
 */
async function tooLittle(
  stage: Stage,
  process: Deno.ChildProcess,
  number: number,
  start: () => Promise<void>,
): Promise<void> {
  await using group = await MemoryGroup.make(TOO_LITTLE);
  stage.watch.expect(process);
  let ended = false;
  const end = process.status.then((status) => (ended = true, status));
  const loaded = load(stage, `killed-${process.pid}`, number, 6, () => ended);
  await group.add(process.pid);
  await until("the kernel kills nobody", KILL_MS, () => Promise.resolve(ended));
  const began = performance.now();
  const { signal } = await end;
  check(signal === "SIGKILL" && await group.kills() > 0, `the process has ended by ${signal}`);
  await start();
  const ms = performance.now() - began;
  check(ms <= BACK_MS, `it serves ${(ms / 1000).toFixed(1)} s after its end`);
  await loaded;
}

/** See above. */
export const MEMORY_ROWS: readonly Row[] = [
  {
    number: 82,
    name: "a gateway's and a daemon's memory is bounded from outside",
    inject: "a memory cgroup under transfers of 32 MiB: 512 MiB for both, then so little that the kernel kills each",
    expect: "nobody is killed with 512 MiB; who was killed serves within 5 s; no wrong byte, and every file is there",
    phases: ["once"],
    needs: ["cgroup"],
    run: async (stage) => {
      await enough(stage);
      await each([...Array(FILES).keys()], 4, async (i) => {
        const { status, code } = await stage.put(`before-${i}`, stage.content(4 * MIB));
        check(status === 201, `an upload: ${status} ${code}`);
      });
      const victim = stage.daemon(0);
      await tooLittle(stage, victim.daemon.process, 0, () => victim.start());
      await stage.seen();
      await stage.verify();
      const gateway = await stage.startGateway();
      await tooLittle(stage, gateway.process, stage.gateways.indexOf(gateway), async () => {
        await stage.killGateway(gateway);
        await stage.startGateway();
      });
      await stage.verify();
    },
  },
];
