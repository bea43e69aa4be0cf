/** What the parts can do on this machine in the same minutes: an empty server for sockets, plain writers for disks. */
import { ROOT } from "../programs.ts";
import { commonLoads, type Load } from "./loads.ts";
import { measure, type Measurement } from "./measure.ts";

/** The loads of 10 MiB and 4 KiB, up and down, on a server that does nothing with the bytes. */
export async function emptyServer(total: number): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const load of commonLoads(total)) {
    measured.push(await withSink(load.bytes, (address, pid) => measure([address], load, { server: [pid] })));
  }
  return measured;
}

/** The baseline of a load. */
export function baselineOf(load: Load, baselines: readonly Measurement[]): Measurement | undefined {
  const [upLarge, downLarge, upSmall, downSmall] = baselines;
  const small = load.operation === "list" || load.bytes < 1024 * 1024;
  if (load.operation === "up") return small ? upSmall : upLarge;
  return small ? downSmall : downLarge;
}

async function withSink<T>(bytes: number, work: (address: string, pid: number) => Promise<T>): Promise<T> {
  const args = ["run", "-A", "--no-check", `${ROOT}scripts/bench/sink.ts`, String(bytes)];
  const sink = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const reader = sink.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    return await work(`http://127.0.0.1:${parseInt((await reader.read()).value ?? "")}`, sink.pid);
  } finally {
    await reader.cancel();
    sink.kill("SIGTERM");
    await sink.status;
  }
}

/** MiB/s of chunks that six plain writers put on the disk in the durable order. */
export async function diskRate(folder: string, bytes: number): Promise<number> {
  const { stdout } = await new Deno.Command(Deno.env.get("SIXFOLD_BUN") ?? "bun", {
    args: [`${ROOT}scripts/bench/disk.ts`, folder, String(bytes)],
  }).output();
  return Number(new TextDecoder().decode(stdout));
}
