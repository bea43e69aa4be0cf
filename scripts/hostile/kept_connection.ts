/** Requests one after another on one connection: a new one for each would cost more than what is asked. */
import { Buffer } from "node:buffer";
import { writeAll } from "../bench/http_connection.ts";
import { type Answer, headOf, type OddRequest } from "./exchange.ts";

/** Longer than any limit of the servers on what may be waited for. */
const STUCK_MS = 30_000;
const ROOM = 64 * 1024;
const HEAD_END = "\r\n\r\n";

/** A connection that is opened again where the server has closed it. */
export class KeptConnection implements Disposable {
  #socket: Deno.TcpConn | undefined;
  readonly #input = new Uint8Array(ROOM);
  #text = "";

  /** @param address of the server: host and port */
  constructor(readonly address: string) {}

  /** Sends a request, whose length must be what it says, and reads the answer. */
  async send(request: OddRequest): Promise<Answer> {
    const [hostname = "", port] = this.address.split(":");
    const socket = this.#socket ??= await Deno.connect({ hostname, port: Number(port) });
    let stuck = false;
    const timer = setTimeout(() => (stuck = true, this[Symbol.dispose]()), STUCK_MS);
    this.#text = "";
    try {
      const sending = writeAll(socket, Buffer.concat([headOf(request, this.address, true), request.body]));
      const [stays] = await Promise.all([this.#read(socket, request.method), sending]);
      if (!stays) this[Symbol.dispose]();
    } catch {
      this[Symbol.dispose]();
    } finally {
      clearTimeout(timer);
    }
    return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(this.#text)?.[1] ?? 0), text: this.#text, stuck };
  }

  [Symbol.dispose](): void {
    try {
      this.#socket?.close();
    } catch { /* it is closed */ }
    this.#socket = undefined;
  }

  /** @returns whether the connection can take the next request */
  async #read(socket: Deno.TcpConn, method: string): Promise<boolean> {
    let end = -1;
    while ((end = this.#text.indexOf(HEAD_END)) < 0) if (!await this.#more(socket)) return false;
    const head = this.#text.slice(0, end).toLowerCase();
    const body = end + HEAD_END.length;
    if (/^http\/1\.1 (1\d\d|204|304)/.test(head) || method === "HEAD") return false;
    const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
    if (length !== undefined) {
      while (this.#text.length < body + Number(length)) if (!await this.#more(socket)) return false;
    } else if (head.includes("\r\ntransfer-encoding: chunked")) {
      for (let at = body;;) {
        let line = -1;
        while ((line = this.#text.indexOf("\r\n", at)) < 0) if (!await this.#more(socket)) return false;
        const size = parseInt(this.#text.slice(at, line), 16);
        at = line + 2 + size + 2;
        while (this.#text.length < at) if (!await this.#more(socket)) return false;
        if (size === 0) break;
      }
    } else {
      while (await this.#more(socket));
      return false;
    }
    return !head.includes("\r\nconnection: close");
  }

  async #more(socket: Deno.TcpConn): Promise<boolean> {
    const count = await socket.read(this.#input);
    if (count === null) return false;
    this.#text += Buffer.from(this.#input.buffer, 0, count).toString("latin1");
    return true;
  }
}
