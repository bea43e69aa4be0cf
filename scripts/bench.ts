/** `npm run bench`: how fast files go in and out on this machine, what they cost, and beside it what the parts could do. */
import type { Result } from "./bench/client.ts";
import { cpuSeconds, familyOf, peakMemory } from "./bench/usage.ts";
import { type LocalCluster, withCluster } from "./local_cluster.ts";
import { ROOT } from "./programs.ts";

const MIB = 1024 * 1024;

/** One line of the table: so many files of one size, by so many clients. */
interface Load {
  readonly name: string;
  readonly clients: number;
  readonly files: number;
  readonly bytes: number;
}

function loads(total: number): Load[] {
  const of = (name: string, clients: number, bytes: number, all = total) => {
    return { name, clients, bytes, files: Math.max(clients, Math.ceil(all / bytes)) };
  };
  const large = Math.min(64 * MIB, total);
  return [
    of("64 MiB, 1 client", 1, large),
    of("64 MiB, 4 clients", 4, large),
    of("10 MiB, 4 clients", 4, Math.min(10 * MIB, total)),
    // A 64th of the bytes: small files are about their number.
    of("4 KiB, 16 clients", 16, 4096, total / 64),
  ];
}

async function runClient(address: string, direction: string, { clients, files, bytes }: Load): Promise<Result> {
  const script = `${ROOT}scripts/bench/client.ts`;
  const numbers = [clients, files, bytes].map(String);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, address, direction, ...numbers],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Rate, times, and CPU seconds per GiB (or per 1,000 small files) of each role. */
function row(name: string, load: Load, result: Result, cpu: readonly number[]): string {
  const { files, bytes } = load;
  const small = bytes < MIB;
  const units = small ? files / 1000 : (files * bytes) / (1024 * MIB);
  const rate = small ? files / result.seconds : (files * bytes) / MIB / result.seconds;
  return [
    name.padEnd(26),
    `${rate.toFixed(0).padStart(6)} ${small ? "files/s" : "MiB/s  "}`,
    `${result.median.toFixed(1).padStart(8)} ${result.p99.toFixed(1).padStart(8)}`,
    ...[result.cpu, ...cpu].map((seconds) => (seconds / units).toFixed(2).padStart(8)),
  ].join(" ");
}

const HEAD = [
  "".padEnd(26),
  "rate".padStart(14),
  " median      p99  ms",
  "CPU-s/GiB (4 KiB: per 1,000 files): client, gateway, daemons, PostgreSQL",
].join(" ");

async function measure(cluster: LocalCluster, url: string, total: number): Promise<void> {
  const roles = [
    cluster.gateways.map(({ pid }) => pid),
    cluster.daemons.map(({ process }) => process.pid),
    await familyOf(await cluster.postgresPid()),
  ];
  const usage = () => Promise.all(roles.map(cpuSeconds));
  for (const load of loads(total)) {
    for (const direction of ["up", "down"]) {
      const before = await usage();
      const address = `${url}/v1/files/bench/${load.bytes}-${load.clients}`;
      const result = await runClient(address, direction, load);
      const after = await usage();
      console.log(
        row(`${direction.padEnd(4)} ${load.name}`, load, result, after.map((now, i) => now - (before[i] ?? 0))),
      );
    }
  }
  const peaks = await Promise.all(roles.slice(0, 2).flat().map(peakMemory));
  const [gateway = NaN, ...daemons] = peaks.map(Math.round);
  console.log(`peak memory, MiB: gateway ${gateway}; daemons ${daemons.join(", ")}`);
}

async function baselines(folder: string, total: number): Promise<void> {
  const bytes = Math.min(64 * MIB, total);
  const load = { name: "", clients: 4, files: Math.max(4, Math.ceil(total / bytes)), bytes };
  const args = ["run", "-A", "--no-check", `${ROOT}scripts/bench/sink.ts`, String(bytes)];
  const sink = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  try {
    const reader = sink.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const address = `http://127.0.0.1:${parseInt((await reader.read()).value ?? "")}`;
    for (const direction of ["up", "down"]) {
      const before = await cpuSeconds([sink.pid]);
      const result = await runClient(address, direction, load);
      console.log(
        row(`${direction.padEnd(4)} empty server`, load, result, [await cpuSeconds([sink.pid]) - before]),
      );
    }
    await reader.cancel();
  } finally {
    sink.kill("SIGTERM");
    await sink.status;
  }
  const { stdout } = await new Deno.Command(Deno.env.get("SIXFOLD_BUN") ?? "bun", {
    args: [`${ROOT}scripts/bench/disk.ts`, `${folder}/disk`, String(total * 1.5)],
  }).output();
  const rate = Number(new TextDecoder().decode(stdout));
  console.log(
    `six writers, durable order: ${rate.toFixed(0)} MiB/s of chunks, ${(rate / 1.5).toFixed(0)} MiB/s of files`,
  );
}

const SIZE = /^(\d+)([MG])$/.exec(Deno.env.get("SIXFOLD_BENCH_BYTES") ?? "1G");
const total = Number(SIZE?.[1] ?? 1) * (SIZE?.[2] === "M" ? MIB : 1024 * MIB);
if (Deno.build.os !== "linux") console.log("CPU and memory are measured on Linux only: NaN below");
console.log(HEAD);
for (const hop of ["web", "grpc"]) {
  await withCluster({ daemons: 6, gateway: { SIXFOLD_HOP: hop } }, async ({ cluster, url }) => {
    console.log(`HOP=${hop}`);
    await measure(cluster, url, total);
    if (hop === "grpc") {
      console.log("baselines");
      await baselines(cluster.folder, total);
    }
  });
}
