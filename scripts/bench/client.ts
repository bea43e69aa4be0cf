/**
 * The load of one measurement, as a process of its own so that its CPU can be told from the servers', and on bare sockets
 * so that it takes little of it: fetch alone would need more than a gateway for a body of 64 MiB.
 * Arguments: the address that file names are put behind, up or down, clients, files, bytes of each. Writes a Result.
 */

/** What one measurement found. */
export interface Result {
  readonly seconds: number;
  /** Of each file, in ms. */
  readonly median: number;
  readonly p99: number;
  /** Seconds of CPU of this client. */
  readonly cpu: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One connection that sends a request after the other. */
class Connection {
  readonly #input = new Uint8Array(1024 * 1024);
  private constructor(readonly socket: Deno.TcpConn) {}

  static async open({ hostname, port }: URL): Promise<Connection> {
    const socket = await Deno.connect({ hostname, port: Number(port) });
    socket.setNoDelay(true);
    return new Connection(socket);
  }

  /** @returns the status, and how many bytes the answer's body had */
  async exchange(
    method: string,
    { pathname, host }: URL,
    body: Uint8Array,
  ): Promise<{ status: number; length: number }> {
    const head = `${method} ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${body.length}\r\n\r\n`;
    await this.#write(encoder.encode(head));
    await this.#write(body);
    let filled = 0;
    let end = -1;
    while (end < 0) {
      filled += await this.#read(filled);
      end = decoder.decode(this.#input.subarray(0, Math.min(filled, 8192))).indexOf("\r\n\r\n");
    }
    const answer = decoder.decode(this.#input.subarray(0, end));
    const length = Number(/^content-length: (\d+)/im.exec(answer)?.[1]);
    if (!(length >= 0)) throw new Error(`no length in the answer: ${answer}`);
    for (let got = filled - end - 4; got < length;) got += await this.#read(0);
    return { status: Number(answer.split(" ")[1]), length };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.socket.write(bytes.subarray(at));
  }

  async #read(at: number): Promise<number> {
    const count = await this.socket.read(this.#input.subarray(at));
    if (count === null) throw new Error("the server closed the connection");
    return count;
  }
}

if (import.meta.main) {
  const [address = "", direction, clients, files, bytes] = Deno.args;
  const body = new Uint8Array(Number(bytes));
  for (let at = 0; at < body.length; at += 65_536) crypto.getRandomValues(body.subarray(at, at + 65_536));
  const times: number[] = [];
  let next = 0;
  const nothing = new Uint8Array(0);
  const work = async () => {
    const connection = await Connection.open(new URL(address));
    while (next < Number(files)) {
      const url = new URL(`${address}/${next++}`);
      const began = performance.now();
      const up = direction === "up";
      const { status, length } = await connection.exchange(up ? "PUT" : "GET", url, up ? body : nothing);
      if (status >= 300 || (!up && length !== body.length)) throw new Error(`${status}, ${length} bytes: ${url}`);
      times.push(performance.now() - began);
    }
    connection.socket.close();
  };
  const usage = () =>
    Deno.readTextFileSync("/proc/self/stat").split(") ")[1]?.split(" ").slice(11, 13).map(Number) ?? [];
  const cpu = () => Deno.build.os === "linux" ? usage().reduce((a, b) => a + b, 0) / 100 : NaN;
  const [cpuBefore, began] = [cpu(), performance.now()];
  await Promise.all(Array.from({ length: Number(clients) }, work));
  const seconds = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  const result: Result = { seconds, median: at(0.5), p99: at(0.99), cpu: cpu() - cpuBefore };
  console.log(JSON.stringify(result));
}
