/**
 * The load of one measurement, as a process of its own so that its CPU can be told from the servers'.
 * Arguments: a Load as JSON, the addresses of gateways, of which each client has one. Writes a Result.
 */
import { HttpConnection } from "./http_connection.ts";
import { type Load, PAGE } from "./loads.ts";

/** What one measurement found. */
export interface Result {
  readonly seconds: number;
  readonly requests: number;
  /** Of all bodies that went in or out. */
  readonly bytes: number;
  /** Of each request, in ms. */
  readonly median: number;
  readonly p99: number;
  /** Seconds of CPU of this client. */
  readonly cpu: number;
}

/** One request: method, path, bytes of its body, and of the answer's; undefined where that does not matter. */
type Request = readonly [method: string, path: string, up: number, down: number | undefined];

/** The requests of a load, in turn. */
function* requestsOf({ operation, files, bytes, place, beside, page }: Load): Generator<Request> {
  const path = (name: string | number) => `/v1/files/bench/${place}/${name}`;
  const fresh: string[] = [];
  for (let i = 0; i < files; i++) {
    const any = Math.floor(Math.random() * files);
    switch (operation) {
      case "up":
        yield ["PUT", path(i), bytes, undefined];
        break;
      case "down":
        yield ["GET", path(i), 0, bytes];
        break;
      case "list": {
        // The first page of a prefix, and by turns one far behind: both must be as fast.
        const at = page === undefined ? Math.floor(Math.random() * (beside / PAGE)) : page - 1;
        const key = String(at * PAGE).padStart(9, "0");
        const where = i % 2 === 0 ? `prefix=${key.slice(0, 6)}` : `cursor=${btoa(key)}&limit=${PAGE}`;
        yield ["GET", `/v1/files?bucket=listed&${where}`, 0, undefined];
        break;
      }
      case "mixed": {
        // 45 % GET, 30 % HEAD, 15 % PUT, 10 % DELETE; what is deleted is what nobody reads.
        const turn = Math.random() * 100;
        const gone = turn >= 90 ? fresh.shift() : undefined;
        if (gone !== undefined) yield ["DELETE", gone, 0, undefined];
        else if (turn < 45) yield ["GET", path(any % (files >> 1)), 0, bytes];
        else if (turn < 75) yield ["HEAD", path(any % (files >> 1)), 0, undefined];
        else {
          const name = path(`new-${i}`);
          yield ["PUT", name, bytes, undefined];
          if (i > 0) fresh.push(name);
        }
      }
    }
  }
}

async function run(addresses: readonly string[], load: Load): Promise<Result> {
  if (load.operation === "mixed") {
    await send(addresses, { ...load, operation: "up", clients: 4, files: load.files >> 1 });
  }
  return await send(addresses, load);
}

async function send(addresses: readonly string[], load: Load): Promise<Result> {
  const times: number[] = [];
  const requests = requestsOf(load);
  let bytes = 0;
  const work = async (_: unknown, client: number) => {
    const address = addresses[client % addresses.length] ?? "";
    const connection = await HttpConnection.open(new URL(address));
    for (let step = requests.next(); !step.done; step = requests.next()) {
      const [method, path, up, down] = step.value;
      const began = performance.now();
      const { status, length } = await connection.exchange(method, new URL(path, address), up);
      // A DELETE may come before its PUT has been answered.
      if (status >= 300 && method !== "DELETE") throw new Error(`${status}: ${method} ${path}`);
      if (down !== undefined && length !== down) throw new Error(`${length} bytes: ${method} ${path}`);
      times.push(performance.now() - began);
      bytes += up + length;
    }
    connection.socket.close();
  };
  const [cpuBefore, began] = [cpuNow(), performance.now()];
  await Promise.all(Array.from({ length: load.clients }, work));
  const seconds = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return { seconds, requests: times.length, bytes, median: at(0.5), p99: at(0.99), cpu: cpuNow() - cpuBefore };
}

function cpuNow(): number {
  if (Deno.build.os !== "linux") return NaN;
  const fields = Deno.readTextFileSync("/proc/self/stat").split(") ")[1]?.split(" ").slice(11, 13) ?? [];
  return fields.reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

if (import.meta.main) {
  const [load = "", ...addresses] = Deno.args;
  console.log(JSON.stringify(await run(addresses, JSON.parse(load))));
}
