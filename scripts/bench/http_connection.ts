/** HTTP/1.1 on a bare socket: fetch alone would need more CPU than a gateway for a body of 64 MiB. */

const PIECE = 1024 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Random bytes that bodies of any length are made of. */
export const PIECE_BYTES = new Uint8Array(PIECE);
for (let at = 0; at < PIECE; at += 65_536) crypto.getRandomValues(PIECE_BYTES.subarray(at, at + 65_536));

/** What a server answered. */
export interface Answer {
  readonly status: number;
  /** Bytes of the body, which is thrown away. */
  readonly length: number;
}

/** One connection that sends a request after the other. */
export class HttpConnection {
  readonly #input = new Uint8Array(PIECE);
  private constructor(readonly socket: Deno.TcpConn) {}

  static async open({ hostname, port }: URL): Promise<HttpConnection> {
    const socket = await Deno.connect({ hostname, port: Number(port) });
    socket.setNoDelay(true);
    return new HttpConnection(socket);
  }

  /** @param length bytes of the request's body */
  async exchange(method: string, { pathname, search, host }: URL, length: number): Promise<Answer> {
    const head = `${method} ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${length}\r\n\r\n`;
    await this.#write(encoder.encode(head));
    for (let left = length; left > 0; left -= PIECE) await this.#write(PIECE_BYTES.subarray(0, Math.min(left, PIECE)));
    let filled = 0;
    let end = -1;
    while (end < 0) {
      filled += await this.#read(filled);
      end = decoder.decode(this.#input.subarray(0, Math.min(filled, 8192))).indexOf("\r\n\r\n");
    }
    const answer = decoder.decode(this.#input.subarray(0, end));
    const status = Number(answer.split(" ")[1]);
    const none = method === "HEAD" || status === 204 || status === 304;
    const size = none ? 0 : Number(/^content-length: (\d+)/im.exec(answer)?.[1]);
    if (!(size >= 0)) throw new Error(`no length in the answer: ${answer}`);
    for (let got = filled - end - 4; got < size;) got += await this.#read(0);
    return { status, length: size };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.socket, bytes);
  }

  async #read(at: number): Promise<number> {
    const count = await this.socket.read(this.#input.subarray(at));
    if (count === null) throw new Error("the server closed the connection");
    return count;
  }
}

/** Writes all of it: a socket takes what it has room for. */
export async function writeAll(socket: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
}
