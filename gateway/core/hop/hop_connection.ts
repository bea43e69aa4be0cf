/**
 * HTTP/1.1 to a daemon over a socket of our own. A write returns when the kernel has the bytes, so that a block's memory
 * can be used again, and a read fills the memory that the caller gives: on Deno this takes a third of fetch's CPU.
 */
import { SixfoldError } from "../../../shared/errors.ts";
import type { Endpoint } from "./endpoints.ts";
import type { HopTrust } from "./hop_trust.ts";
import { tooLate } from "./progress_clock.ts";

const CONNECT_MS = 1000;
/** A kept connection is used again within this time only: the daemon closes idle ones after ten seconds. */
const KEEP_MS = 4000;
const KEEP_MOST = 32;
const MAX_HEAD = 16 * 1024;
const MAX_LINE = 1024;
/** Bodies of unknown length are small ones: an error, a receipt, or what a stock Connect handler streams. */
const MAX_UNSIZED = 16 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const CRLF = encoder.encode("\r\n");
const HEAD_END = encoder.encode("\r\n\r\n");
const LAST_CHUNK = encoder.encode("0\r\n\r\n");
const NOTHING = new Uint8Array(0);
/** What is held back goes out in one write with as many bytes; with more it would cost more to join them. */
const JOINED = 4096;

/** The head of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
}

/** One connection, with one exchange at a time on it. */
export class HopConnection {
  readonly #socket: Deno.Conn;
  readonly #input = new Uint8Array(MAX_HEAD);
  #start = 0;
  #end = 0;
  #open = true;
  /** Goes out before the next bytes. */
  #held: Uint8Array = NOTHING;
  /** A read that was begun while the connection waited for its next exchange. */
  #early: Promise<number | null> | undefined;
  #goodbye = false;

  private constructor(socket: Deno.Conn, readonly address: string) {
    this.#socket = socket;
  }

  /** @throws SixfoldError `unavailable` when nobody takes the connection within a second */
  static async open(
    { address, ip, port, name }: Endpoint,
    trust: HopTrust,
    caller: AbortSignal,
  ): Promise<HopConnection> {
    const late = AbortSignal.timeout(CONNECT_MS);
    const signal = AbortSignal.any([late, caller]);
    try {
      const socket = await Deno.connect({ hostname: ip, port, signal } as Deno.ConnectOptions);
      socket.setNoDelay(true);
      return new HopConnection(await secured(socket, name, trust, signal), address);
    } catch (cause) {
      if (late.aborted) throw tooLate("takes no connection", cause);
      throw new SixfoldError("unavailable", "a storage server cannot be reached; try again", { cause });
    }
  }

  /** Whether the daemon still holds its end, as far as the kernel knows. Only for a connection that `watch`es. */
  get alive(): boolean {
    return this.#open && !this.#goodbye;
  }

  /** Listens between exchanges: a daemon has nothing to say then but goodbye, and who is gone must not get a request. */
  watch(): void {
    this.#start = this.#end = 0;
    this.#goodbye = false;
    const left = () => void (this.#goodbye = true);
    this.#early = this.#socket.read(this.#input);
    this.#early.then(left, left);
  }

  /** Cuts the connection. A read or write that is under way fails. */
  close(): void {
    if (this.#open) this.#socket.close();
    this.#open = false;
  }

  /** Writes all bytes; afterwards their memory is the caller's again. */
  async write(bytes: Uint8Array): Promise<void> {
    const held = this.#held;
    if (held.length > 0) {
      this.#held = NOTHING;
      if (bytes.length <= JOINED) bytes = join(held, bytes);
      else await this.write(held);
    }
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }

  /**
   * Begins a request: it goes out with the first bytes of its body.
   * @param length of its body in bytes; undefined for one of `writeChunk`s
   */
  async request(path: string, headers: Readonly<Record<string, string>>, length: number | undefined): Promise<void> {
    const size = length === undefined ? "transfer-encoding: chunked" : `content-length: ${length}`;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    this.#held = encoder.encode(
      [`POST ${path} HTTP/1.1`, `host: ${this.address}`, size, ...lines, "", ""].join("\r\n"),
    );
    if (length === 0) await this.write(NOTHING);
  }

  /**
   * Writes a piece of a body of unknown length: a head and what follows it. What follows is not joined with anything, and
   * the line end behind it goes out with the next piece: a large block is two writes.
   */
  async writeChunk(head: Uint8Array, rest: Uint8Array): Promise<void> {
    await this.write(join(chunkSize(head.length + rest.length), head));
    await this.write(rest);
    this.#held = CRLF;
  }

  /** Writes a small piece of such a body. */
  async writeSmallChunk(bytes: Uint8Array): Promise<void> {
    await this.write(join(chunkSize(bytes.length), bytes, CRLF));
  }

  /** Writes the last piece of such a body, and ends it. */
  async writeLastChunk(bytes: Uint8Array): Promise<void> {
    await this.write(join(chunkSize(bytes.length), bytes, CRLF, LAST_CHUNK));
  }

  /** Reads the head of the answer. Only its own bytes become text: those behind it may be a block. */
  async readHead(): Promise<AnswerHead> {
    const [first = "", ...lines] = (await this.#until(HEAD_END, MAX_HEAD)).split("\r\n");
    const headers = new Headers(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }));
    return { status: Number(first.split(" ")[1]), headers };
  }

  /** Reads so many bytes of the answer's body to the start of `target`; hears of each arrival. */
  async readInto(target: Uint8Array, length: number, arrived: () => void): Promise<void> {
    const held = Math.min(length, this.#end - this.#start);
    target.set(this.#input.subarray(this.#start, this.#start + held));
    this.#start += held;
    for (let at = held; at < length;) {
      const count = await this.#socket.read(target.subarray(at, length));
      if (count === null) throw broken("it ended too soon");
      arrived();
      at += count;
    }
  }

  /** Reads a body, of known length or in chunks, into memory of its own. */
  async readAll({ headers }: AnswerHead, arrived: () => void): Promise<Uint8Array> {
    const length = headers.get("content-length");
    if (length !== null) {
      if (Number(length) > MAX_UNSIZED) throw broken("its body is too long");
      const body = new Uint8Array(Number(length));
      await this.readInto(body, body.length, arrived);
      return body;
    }
    const pieces: Uint8Array[] = [];
    for (let total = 0;;) {
      const size = Number.parseInt(await this.#until(CRLF, MAX_LINE), 16);
      total += size;
      if (!(total <= MAX_UNSIZED)) throw broken("its body is too long");
      const piece = new Uint8Array(size);
      await this.readInto(piece, size, arrived);
      await this.#until(CRLF, MAX_LINE);
      if (size === 0) return new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
      pieces.push(piece);
    }
  }

  /** Reads text to its end mark, which is left out. @param most bytes that it may have */
  async #until(mark: Uint8Array, most: number): Promise<string> {
    for (let from = 0;;) {
      const at = find(this.#input.subarray(this.#start, this.#end), mark, from);
      if (at >= 0) {
        const text = decoder.decode(this.#input.subarray(this.#start, this.#start + at));
        this.#start += at + mark.length;
        return text;
      }
      from = Math.max(0, this.#end - this.#start - mark.length + 1);
      if (this.#end - this.#start >= most) throw broken("its head is too long");
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const early = this.#early;
    this.#early = undefined;
    this.#input.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    const count = await (early ?? this.#socket.read(this.#input.subarray(this.#end)));
    if (count === null) throw broken("it ended too soon");
    this.#end += count;
  }
}

/** A connection between two exchanges, and the end of its waiting. */
interface Kept {
  readonly connection: HopConnection;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Connections that wait for their next exchange, by address. */
export class HopConnections {
  readonly #idle = new Map<string, Kept[]>();
  readonly #trust: HopTrust;

  constructor(trust: HopTrust) {
    this.#trust = trust;
  }

  /** A connection that was used a moment ago, or a new one. */
  async take(endpoint: Endpoint, signal: AbortSignal): Promise<HopConnection> {
    const kept = this.#idle.get(endpoint.address) ?? [];
    for (let last = kept.pop(); last !== undefined; last = kept.pop()) {
      clearTimeout(last.timer);
      if (last.connection.alive) return last.connection;
      last.connection.close();
    }
    return await HopConnection.open(endpoint, this.#trust, signal);
  }

  /** Keeps a connection whose exchange is complete on both sides, for a while. */
  give(connection: HopConnection): void {
    const kept = this.#idle.get(connection.address) ?? [];
    this.#idle.set(connection.address, kept);
    connection.watch();
    const timer = setTimeout(() => {
      connection.close();
      kept.splice(kept.findIndex((other) => other.connection === connection), 1);
    }, KEEP_MS);
    kept.push({ connection, timer });
    if (kept.length <= KEEP_MOST) return;
    const first = kept.shift();
    clearTimeout(first?.timer);
    first?.connection.close();
  }
}

/** The connection, over TLS where there is somebody who vouches for the other side. */
async function secured(
  socket: Deno.TcpConn,
  hostname: string,
  { ca }: HopTrust,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  if (ca === undefined) return socket;
  const tls = await Deno.startTls(socket, { hostname, caCerts: [ca] });
  const cut = () => tls.close();
  signal.addEventListener("abort", cut);
  try {
    await tls.handshake();
    signal.throwIfAborted();
    return tls;
  } catch (error) {
    if (!signal.aborted) tls.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

function broken(how: string): SixfoldError {
  return new SixfoldError("unavailable", `the answer of a storage server cannot be read: ${how}; try again`);
}

/** Where a mark begins in bytes; -1 where it does not. */
function find(bytes: Uint8Array, mark: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(mark[0] ?? 0, from); at >= 0; at = bytes.indexOf(mark[0] ?? 0, at + 1)) {
    if (mark.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

function chunkSize(length: number): Uint8Array {
  return encoder.encode(`${length.toString(16)}\r\n`);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
