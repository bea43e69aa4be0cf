/** `npm run bench`: how fast files go in and out on this machine, what they cost, and beside it what the parts could do. */
import { baselineOf, diskRate, emptyServer } from "./bench/baselines.ts";
import { withCommit } from "./bench/commit.ts";
import { fillListed } from "./bench/fill.ts";
import { hugeLoads, type Load, millionLoads, nameOf, standardLoads } from "./bench/loads.ts";
import { measure, type Measurement, middle } from "./bench/measure.ts";
import { type BenchOptions, readOptions } from "./bench/options.ts";
import { type Accepted, compared, headLine, line, moved, type Ratio, ratioOf, spread } from "./bench/report.ts";
import { peakMemory } from "./bench/usage.ts";
import { type RunningCluster, withCluster } from "./local_cluster.ts";
import { type Code, ROOT } from "./programs.ts";

const ACCEPTED = `${ROOT}scripts/bench/accepted.json`;

/** A cluster under measurement. */
interface Side {
  readonly running: RunningCluster;
  /** Of the gateways. */
  readonly addresses: readonly string[];
  readonly servers: Readonly<Record<string, readonly number[]>>;
}

/** @param settings of every process */
async function withSide<T>(
  code: Code,
  hop: string,
  gateways: number,
  work: (side: Side) => Promise<T>,
  settings: Record<string, string> = {},
) {
  const gateway = { ...settings, SIXFOLD_HOP: hop };
  return await withCluster({ daemons: 6, gateway, daemon: settings, code }, async (running) => {
    const { cluster } = running;
    const addresses = [running.url];
    while (addresses.length < gateways) addresses.push(await cluster.addGateway(gateway));
    const servers = {
      gateway: cluster.gateways.map(({ pid }) => pid),
      daemons: cluster.daemons.map(({ process }) => process.pid),
      PostgreSQL: [await cluster.postgresPid()],
    };
    return await work({ running, addresses, servers });
  });
}

/** Measures each load on every side by turns. @returns for each load, the runs of each side */
async function measureAll(sides: readonly Side[], loads: readonly Load[], rounds: number): Promise<Measurement[][][]> {
  const all: Measurement[][][] = [];
  for (const load of loads) {
    const runs: Measurement[][] = sides.map(() => []);
    for (let round = 0; round < rounds; round++) {
      // Each side is the first one as often as it is the last: what a machine does meanwhile goes by with time.
      const turns = [...sides.entries()];
      for (const [i, { running, addresses, servers }] of round % 2 === 0 ? turns : turns.reverse()) {
        await fillListed(running.cluster.postgres.url, load.beside);
        runs[i]?.push(await measure(addresses, { ...load, place: `${load.place}-${round}` }, servers));
      }
    }
    all.push(runs);
  }
  return all;
}

async function printMemory({ servers }: Side): Promise<void> {
  const of = async (pids: readonly number[] = []) =>
    (await Promise.all(pids.map(peakMemory))).map(Math.round).join(", ");
  console.log(`peak memory, MiB: gateway ${await of(servers["gateway"])}; daemons ${await of(servers["daemons"])}`);
}

async function compare(commit: string, hop: string, loads: readonly Load[], options: BenchOptions) {
  const { rounds, profiles, gateways } = options;
  await withCommit(commit, async (root) => {
    await withSide({ root }, hop, 1, async (before) => {
      await withSide({ root: ROOT, profiles }, hop, gateways, async (now) => {
        for (const runs of await measureAll([before, now], loads, rounds)) {
          const [a, b] = runs.map(middle);
          if (a === undefined || b === undefined) continue;
          console.log(`${line(a)}\n${line(b)}\n${compared("", a, b)}`);
        }
        await printMemory(before);
        await printMemory(now);
      });
    });
  });
}

/** What it costs to export every trace: a cluster that does, by turns with one that does not. */
async function compareTraces(hop: string, loads: readonly Load[], rounds: number): Promise<void> {
  await using collector = swallowTraces();
  await withSide({ root: ROOT }, hop, 1, async (plain) => {
    await withSide({ root: ROOT }, hop, 1, async (traced) => {
      for (const [off = [], on = []] of await measureAll([plain, traced], loads, rounds)) {
        console.log(`${line(middle(off))}\n${line(middle(on))}\n${spread(off, on)}`);
      }
      if (collector.bytes() === 0) throw new Error("no trace was exported");
    }, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
  });
}

/** Takes traces as a collector does, and keeps nothing. */
function swallowTraces() {
  let bytes = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    bytes += (await request.bytes()).length;
    return new Response(new Uint8Array(0), { headers: { "content-type": "application/x-protobuf" } });
  });
  const endpoint = `http://127.0.0.1:${server.addr.port}`;
  return { endpoint, bytes: () => bytes, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** To the digits that mean something. */
function rounded(ratio: number): number {
  return Number(ratio.toPrecision(3));
}

async function run(options: BenchOptions): Promise<void> {
  const { total, only, rounds, profiles, gateways, json, accept } = options;
  const all = options.huge ? hugeLoads() : options.million ? millionLoads(total) : standardLoads(total);
  const loads = all.filter((load) => nameOf(load).includes(only));
  if (Deno.build.os !== "linux") console.log("CPU and memory are measured on Linux only: NaN below");
  console.log(headLine(["client", "gateway", "daemons", "PostgreSQL"]));
  const figures: Record<string, Measurement[]> = {};
  const ratios: Record<string, Ratio> = {};
  if (options.traces) {
    for (const hop of options.hops) await compareTraces(hop, loads, rounds);
    return;
  }
  if (options.compare !== undefined) {
    for (const hop of options.hops) await compare(options.compare, hop, loads, options);
    return;
  }
  const baselines = figures["baselines"] = await emptyServer(total);
  for (const baseline of baselines) console.log(`${line(baseline)}  an empty server`);
  for (const hop of options.hops) {
    await withSide({ root: ROOT, profiles }, hop, gateways, async (side) => {
      console.log(`HOP=${hop}`);
      const measured = (await measureAll([side], loads, rounds)).flatMap((runs) => runs.map(middle));
      figures[hop] = measured;
      for (const [i, one] of measured.entries()) {
        const load = loads[i];
        const baseline = load && baselineOf(load, baselines);
        const ratio = baseline && ratioOf(one, baseline);
        if (ratio !== undefined) ratios[`${hop} ${one.name}`] = { rate: rounded(ratio.rate), cpu: rounded(ratio.cpu) };
        console.log(line(one, ratio));
      }
      await printMemory(side);
      const rate = await diskRate(`${side.running.cluster.folder}/disk`, total);
      const files = (rate / 1.5).toFixed(0);
      console.log(`six writers, durable order: ${rate.toFixed(0)} MiB/s of chunks, ${files} MiB/s of files`);
    });
  }
  const accepted: Accepted = JSON.parse(await Deno.readTextFile(ACCEPTED).catch(() => "{}"));
  for (const sentence of moved(ratios, accepted)) console.log(sentence);
  if (json !== undefined) await Deno.writeTextFile(json, `${JSON.stringify({ figures, ratios }, null, 2)}\n`);
  if (accept) await Deno.writeTextFile(ACCEPTED, `${JSON.stringify({ ...accepted, ...ratios }, null, 2)}\n`);
}

try {
  await run(readOptions(Deno.args));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
