/** A TCP proxy that breaks connections on demand: cut, stalled, or with bytes that change on the way. */
import { connect, createServer, type Server, type Socket } from "node:net";

/** What happens to connections now. */
type Mode = "pass" | "cut" | "stalled";

/** A request of HTTP/1.1 to a daemon begins with this. */
const CALL = /POST \/sixfold\.v1\.StorageService\/(\w+) HTTP/g;

/** Listens on a port of loopback of its own and hands everything on to `target`. */
export class TcpProxy implements AsyncDisposable {
  /** Where connections are handed to, as host:port. */
  target: string;
  /** One bit is flipped in about every so many bytes; 0 flips none. */
  flipUp = 0;
  flipDown = 0;
  /** Bytes that have come from clients. */
  up = 0;
  /** How many calls of each name went up; a call whose first line was split over two packets is not counted. */
  readonly calls = new Map<string, number>();
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #mode: Mode = "pass";

  private constructor(target: string, server: Server) {
    this.target = target;
    this.#server = server;
    server.on("connection", (client: Socket) => this.#join(client));
  }

  /** Opens a proxy. */
  static async open(target: string): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(target, server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** Where it listens, as host:port. */
  get address(): string {
    const address = this.#server.address();
    return `127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
  }

  /** Resets all connections, and every new one at once. */
  cut(): void {
    this.#mode = "cut";
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Takes connections and bytes, and hands nothing on any more, in either direction. */
  stall(): void {
    this.#mode = "stalled";
  }

  /** Works again. Connections that were stalled are reset: what they should have carried is gone. */
  heal(): void {
    if (this.#mode === "stalled") this.cut();
    this.#mode = "pass";
    this.flipUp = this.flipDown = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #join(client: Socket): void {
    if (this.#mode === "cut") return void client.resetAndDestroy();
    const [host, port] = this.target.split(":");
    const server = connect({ host: host ?? "", port: Number(port) });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    client.setNoDelay(true);
    server.setNoDelay(true);
    this.#carry(client, server, (bytes) => {
      this.up += bytes.length;
      this.#count(bytes);
      return this.#damage(bytes, this.flipUp);
    });
    this.#carry(server, client, (bytes) => this.#damage(bytes, this.flipDown));
    for (const [one, other] of [pair, [server, client]] as const) {
      one.on("error", () => other.resetAndDestroy());
      one.on("close", () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }

  #carry(from: Socket, to: Socket, change: (bytes: Uint8Array) => Uint8Array): void {
    from.on("data", (bytes: Uint8Array) => {
      if (this.#mode !== "pass") return;
      if (to.write(change(bytes))) return;
      from.pause();
      to.once("drain", () => from.resume());
    });
    from.on("end", () => {
      if (this.#mode === "pass") to.end();
    });
  }

  #count(bytes: Uint8Array): void {
    if (bytes[0] !== 0x50) return;
    for (const [, name = ""] of new TextDecoder().decode(bytes.subarray(0, 4096)).matchAll(CALL)) {
      this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    }
  }

  #damage(bytes: Uint8Array, every: number): Uint8Array {
    if (every === 0) return bytes;
    const damaged = bytes.slice();
    for (
      let at = Math.floor(Math.random() * 2 * every);
      at < damaged.length;
      at += 1 + Math.floor(Math.random() * 2 * every)
    ) {
      damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(Math.random() * 8));
    }
    return damaged;
  }
}
