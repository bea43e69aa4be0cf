/** How much clients notice when one of six servers goes: latencies before and after, calls over the hop, and the rebuild. */
import { until } from "../programs.ts";
import { Content } from "./content.ts";
import { each } from "./each.ts";
import type { Outcome } from "./file_client.ts";
import { overload } from "./overload.ts";
import { check } from "./row.ts";
import { HASTE, Stage } from "./stage.ts";

const MIB = 1024 * 1024;
const CLIENTS = 4;
const FILES = 40;
/** The files whose chunks are rebuilt: a seventh of one and a half times their bytes lies on each server, 2 GiB and more. */
const REBUILD_FILES = 160;
const REBUILD_SIZE = 64 * MIB;

/** One call: when it began, in ms from the start, and how long it took. */
interface Sample {
  readonly at: number;
  readonly ms: number;
}

/** Reads and writes of 1 MiB, or reads alone, until it is stopped. Whatever fails is a fault. */
class Load {
  readonly samples: Sample[] = [];
  readonly #began = performance.now();
  #over = false;
  readonly #ends: Promise<void>[];

  /** @param reads whether it only reads, once it has files */
  constructor(readonly stage: Stage, readonly reads = false, clients = CLIENTS) {
    this.#ends = Array.from({ length: clients }, (_, i) => this.#client(i));
  }

  get now(): number {
    return performance.now() - this.#began;
  }

  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#ends);
  }

  /** The time that 99 of 100 calls do not exceed, of those that began in a span. */
  p99(from: number, to: number): number {
    const times = this.samples.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms).sort((a, b) => a - b);
    return times[Math.min(times.length - 1, Math.floor(times.length * 0.99))] ?? NaN;
  }

  async #client(number: number): Promise<void> {
    for (let i = 0; !this.#over; i++) {
      const key = `load-${number}-${i % FILES}`;
      const content = new Content(number * 1000 + (this.reads ? i % FILES : i) + 1, MIB);
      if (!this.reads || i < FILES) await this.#time(() => this.stage.put(key, content));
      await this.#time(() => this.stage.get(key, content));
    }
  }

  async #time(call: () => Promise<Outcome>): Promise<void> {
    const at = this.now;
    const { status, code, wrong } = await call();
    check(wrong === undefined && status < 300 && status > 0, `a call with one server away: ${status} ${wrong ?? code}`);
    this.samples.push({ at, ms: this.now - at });
  }
}

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

function callsOf(stage: Stage): number {
  const counts = stage.daemons.flatMap(({ proxy }) => [...proxy.calls.values()]);
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Load, a fault after `before` seconds, and load for `after` seconds more. @returns what it cost, in words */
async function oneAway(stage: Stage, kind: "SIGKILL" | "SIGSTOP", before: number, after: number): Promise<string> {
  const victim = stage.daemon(1);
  const load = new Load(stage);
  await pause(3); // The first calls warm up.
  const [start, callsBefore, samplesBefore] = [load.now, callsOf(stage), load.samples.length];
  await pause(before);
  const [fault, callsAt, samplesAt] = [load.now, callsOf(stage), load.samples.length];
  if (kind === "SIGKILL") await victim.kill();
  else victim.stop();
  const noticed = kind === "SIGSTOP" ? offTheRing(stage) : undefined;
  await pause(after);
  const [end, callsAfter, samplesAfter] = [load.now, callsOf(stage), load.samples.length];
  const seconds = await noticed;
  await load.stop();
  if (kind === "SIGKILL") await victim.restart();
  else victim.go();
  const usual = load.p99(start, fault);
  const slowest = Math.max(...load.samples.filter(({ at }) => at >= fault - 2000).map(({ ms }) => ms));
  const perCall = (callsAt - callsBefore) / (samplesAt - samplesBefore);
  const amplification = (callsAfter - callsAt) / (samplesAfter - samplesAt) / perCall;
  return [
    `${kind} of one of six under load: ${load.samples.length} calls, none failed`,
    `p99 ${usual.toFixed(0)} ms before, ${load.p99(fault, fault + 60_000).toFixed(0)} ms in the time after, ` +
    `${load.p99(fault + 2000, end).toFixed(0)} ms from 2 s after on; slowest ${slowest.toFixed(0)} ms`,
    `${amplification.toFixed(2)} times the calls over the hop`,
    ...(seconds === undefined ? [] : [`off the ring after ${seconds.toFixed(1)} s`]),
  ].join("; ");
}

/** Seconds until a gateway counts one server less. */
async function offTheRing(stage: Stage): Promise<number> {
  const began = performance.now();
  await until("the server stays on the ring", 60_000, async () => {
    const { servers } = await (await fetch(`${stage.gateways[0]?.url}/readyz`)).json();
    return servers < stage.daemons.length;
  });
  return (performance.now() - began) / 1000;
}

/** One server is lost for good, and its chunks are rebuilt while clients go on. @returns how fast, in words */
async function rebuild(): Promise<string> {
  const gateway = { ...HASTE, SIXFOLD_REPAIR_AFTER: "10", SIXFOLD_REPAIR_RATE: "0" };
  await using stage = await Stage.open({ daemons: 7, gateways: 1, gateway, daemon: { SIXFOLD_HEARTBEAT: "2000" } });
  await each([...Array(REBUILD_FILES).keys()], 2, async (i) => {
    const { status, code } = await stage.put(`rebuilt-${i}`, stage.content(REBUILD_SIZE));
    check(status === 201, `an upload: ${status} ${code}`);
  });
  const victim = stage.daemon(1);
  const bytesLeft = async () => {
    const [row] = await stage.ledger.sql<{ bytes: string }[]>`
      SELECT coalesce(sum(length), 0) AS bytes FROM chunks WHERE server_id = ${victim.serverId}`;
    return Number(row?.bytes ?? 0);
  };
  // Half a gigabyte a second goes over the hop: a proxy would be measured.
  for (const { proxy, daemon } of stage.daemons) await stage.ledger.dialVia(proxy.address, daemon.http);
  await stage.seen();
  const load = new Load(stage, true, 1);
  await pause(5);
  await victim.kill();
  const whole = await bytesLeft();
  await until("the rebuild does not begin", 90_000, async () => await bytesLeft() < whole);
  const [began, first, read] = [performance.now(), await bytesLeft(), load.samples.length];
  await until("the rebuild does not end", 300_000, async () => await bytesLeft() < whole / 20);
  const seconds = (performance.now() - began) / 1000;
  const rate = (first - await bytesLeft()) / MIB / seconds;
  const reads = (load.samples.length - read) / seconds;
  await load.stop();
  return `${(whole / 2 ** 30).toFixed(1)} GiB of chunks rebuilt at ${rate.toFixed(0)} MiB/s, ` +
    `while ${reads.toFixed(0)} reads of 1 MiB a second went on`;
}

/** Takes all figures, or only the one of a name. @param tell hears each, with its name */
export async function measure(only: string, tell: (name: string, text: string) => Promise<void>): Promise<void> {
  const onStage = (kind: "SIGKILL" | "SIGSTOP", before: number, after: number) => async () => {
    await using stage = await Stage.open({ gateways: 1 });
    return await oneAway(stage, kind, before, after);
  };
  const figures: Readonly<Record<string, () => Promise<string>>> = {
    "one killed": onStage("SIGKILL", 20, 60),
    "one stopped": onStage("SIGSTOP", 20, 40),
    rebuild,
    overload: async () => {
      await using stage = await Stage.open({ gateways: 1 });
      return (await overload(stage)).text;
    },
  };
  check(only === "" || only in figures, `there is no figure ${only}; there are: ${Object.keys(figures).join(", ")}`);
  for (const [name, take] of Object.entries(figures)) if (only === "" || name === only) await tell(name, await take());
}
