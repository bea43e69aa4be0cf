/**
 * What the command needs of `fetch`, on bare sockets: Node's own takes several times the CPU of a small request, and
 * node:http twice what this takes. Connections are kept; nothing is followed, and nothing decoded.
 */
import { Buffer } from "node:buffer";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import type { Fetch } from "../gateways.ts";
import { HttpConnection } from "./http_connection.ts";

/** A gateway, or what lies before it. */
interface Host {
  /** As the header `host` says it. */
  readonly name: string;
  readonly open: () => Socket;
  /** What waits for a request, the one used last at the end. */
  readonly idle: { readonly connection: HttpConnection; readonly since: number }[];
}

/** Servers close a connection that was idle for a while: one that is about to be is not used any more. */
const IDLE_MS = 4000;
const TARGET = /^(https?:\/\/[^/?#]+)([/?][\x21-\x7e]*)?$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** A `fetch` with connections of its own. */
export function nodeFetch(): Fetch {
  const hosts = new Map<string, Host>();
  return async (address, { method = "GET", headers = {}, body, signal }) => {
    const [, origin, target = "/"] = TARGET.exec(address) ?? [];
    if (origin === undefined) throw new TypeError(`${address} is no address`);
    const host = hosts.get(origin) ?? hostOf(origin);
    hosts.set(origin, host);
    let head = `${method} ${target} HTTP/1.1\r\nhost: ${host.name}\r\n`;
    for (const [name, value] of Object.entries(headers as Record<string, string>)) {
      if (!VALUE.test(value)) throw new TypeError(`the header ${name} has a value that cannot be sent`);
      head += `${name}: ${value}\r\n`;
    }
    const sent = typeof body === "string" ? Buffer.from(body) : body as Uint8Array | ReadableStream | undefined;
    // A stream's length is among the headers.
    if (sent !== undefined && !(sent instanceof ReadableStream)) head += `content-length: ${sent.length}\r\n`;
    head += "\r\n";
    return await connectionTo(host).exchange({ method, head, body: sent, signal: signal ?? undefined });
  };
}

function hostOf(origin: string): Host {
  const { protocol, hostname, port, host } = new URL(origin);
  const isSecure = protocol === "https:";
  const name = hostname.replace(/^\[(.*)\]$/, "$1");
  const place = { host: name, port: Number(port || (isSecure ? 443 : 80)) };
  const tls = { ...place, ALPNProtocols: ["http/1.1"], ...(isIP(name) === 0 ? { servername: name } : {}) };
  const open = () => isSecure ? connectSecurely(tls) : connect(place);
  return { name: host, open, idle: [] };
}

function connectionTo({ idle, open }: Host): HttpConnection {
  for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
    if (last.connection.socket.destroyed) continue;
    if (Date.now() - last.since < IDLE_MS) return last.connection;
    last.connection.socket.destroy();
  }
  return new HttpConnection(open(), (connection) => idle.push({ connection, since: Date.now() }));
}
