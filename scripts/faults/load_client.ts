/**
 * Clients as a process of their own: PUT and GET of one size by turns. `clients` of them each send the next request when
 * the one before is answered; or else `rate` requests begin each second, whatever becomes of those before.
 * Arguments: the address of a folder of files, a Plan as JSON. Writes an array of Samples.
 */
import { PIECE_BYTES, writeAll } from "../bench/http_connection.ts";

/** What is sent. */
export interface Plan {
  readonly clients: number;
  /** Requests that begin each second; 0 where the clients decide. */
  readonly rate: number;
  readonly seconds: number;
  /** Bytes of each file. */
  readonly size: number;
  /** The files to read, by number: `file-0` and so on. */
  readonly files: number;
}

/** One request: when it began and how long it took, in ms, and its status; 0 where no whole answer came. */
export type Sample = readonly [at: number, ms: number, status: number];

/** Who waits for longer than this has given up, in ms. */
const PATIENCE_MS = 10_000;
/** Requests under way of one process. More are as good as refused: real ones would come from more machines. */
const MOST_OPEN = 1500;
/** Keys that are written, by number: `new-0` and so on. */
export const NEW_FILES = 500;
const PIECE = 256 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One request on a connection of its own. The answer is read from the first moment: it may come before the body is sent. */
async function ask(method: string, url: URL, size: number): Promise<number> {
  const socket = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
  const timer = setTimeout(() => socket.close(), PATIENCE_MS);
  let answered = false;
  const length = method === "PUT" ? size : 0;
  const send = async () => {
    const head = `${method} ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: ${length}\r\n\r\n`;
    await writeAll(socket, encoder.encode(head));
    for (let left = length; left > 0 && !answered; left -= PIECE) {
      await writeAll(socket, PIECE_BYTES.subarray(0, Math.min(left, PIECE)));
    }
  };
  const sending = send().catch(() => {});
  try {
    return await read(socket, () => answered = true);
  } catch {
    return 0;
  } finally {
    clearTimeout(timer);
    try {
      socket.close();
    } catch { /* patience was over */ }
    await sending;
  }
}

/** @returns the status, once the whole body is there */
async function read(socket: Deno.TcpConn, onHead: () => void): Promise<number> {
  const input = new Uint8Array(PIECE);
  let filled = 0;
  let end = -1;
  while (end < 0) {
    const count = await socket.read(input.subarray(filled));
    if (count === null) return 0;
    filled += count;
    end = decoder.decode(input.subarray(0, Math.min(filled, 8192))).indexOf("\r\n\r\n");
  }
  onHead();
  const head = decoder.decode(input.subarray(0, end));
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  for (let got = filled - end - 4; got < length;) {
    const count = await socket.read(input);
    if (count === null) return 0;
    got += count;
  }
  return Number(head.split(" ")[1]);
}

async function run(address: string, { clients, rate, seconds, size, files }: Plan): Promise<Sample[]> {
  const samples: Sample[] = [];
  const began = performance.now();
  const now = () => performance.now() - began;
  let number = 0;
  let open = 0;
  const one = async () => {
    const turn = number++;
    const at = now();
    const method = turn % 2 === 0 ? "PUT" : "GET";
    const name = method === "PUT" ? `new-${turn % NEW_FILES}` : `file-${turn % files}`;
    open++;
    const status = await ask(method, new URL(`${address}/${name}`), size).catch(() => 0);
    open--;
    samples.push([at, now() - at, status]);
  };
  if (rate === 0) {
    const client = async () => {
      while (now() < seconds * 1000) await one();
    };
    await Promise.all(Array.from({ length: clients }, client));
    return samples;
  }
  const all: Promise<void>[] = [];
  for (let due = 0; now() < seconds * 1000;) {
    for (; due < now() / 1000 * rate; due++) {
      if (open < MOST_OPEN) all.push(one());
      else samples.push([now(), 0, 0]);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await Promise.all(all);
  return samples;
}

if (import.meta.main) {
  const [address = "", plan = "{}"] = Deno.args;
  console.log(JSON.stringify(await run(address, JSON.parse(plan))));
  Deno.exit(0);
}
