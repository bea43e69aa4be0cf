/**
 * What the command needs of `fetch`, by node:http: Node's own takes several times the CPU of a small request. Connections
 * are kept; nothing is followed, and nothing decoded.
 */
import { Buffer } from "node:buffer";
import { Agent, type ClientRequest, type IncomingMessage, request as plain } from "node:http";
import { Agent as TlsAgent, request as secure } from "node:https";
import { Readable } from "node:stream";
import type { Answer, Fetch } from "../gateways.ts";

/** A `fetch` with connections of its own. */
export function nodeFetch(): Fetch {
  const agent = new Agent({ keepAlive: true });
  const tlsAgent = new TlsAgent({ keepAlive: true });
  return (address, { method = "GET", headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const given = { method, headers: { ...headers as Record<string, string> } };
      const request = address.startsWith("https:")
        ? secure(address, { ...given, agent: tlsAgent })
        : plain(address, { ...given, agent });
      const stop = () => void request.destroy(Error("the call was ended", { cause: signal?.reason }));
      const over = () => signal?.removeEventListener("abort", stop);
      request.on("error", (error) => {
        over();
        reject(error);
      });
      request.on("response", (incoming) => {
        incoming.on("close", over);
        if (method === "HEAD") incoming.resume();
        resolve(new NodeAnswer(incoming));
      });
      if (signal?.aborted) return stop();
      signal?.addEventListener("abort", stop);
      send(request, body).catch((error) => request.destroy(error));
    });
}

async function send(request: ClientRequest, body: RequestInit["body"]): Promise<void> {
  if (!(body instanceof ReadableStream)) return void request.end(body ?? undefined);
  for await (const piece of body) {
    if (request.write(piece)) continue;
    await new Promise<void>((resolve) => {
      request.once("drain", resolve);
      request.once("close", resolve);
    });
    if (request.destroyed) return;
  }
  request.end();
}

/** A Response is made with a stream, whoever wants one: that alone takes longer than the request. */
class NodeAnswer implements Answer {
  readonly status: number;
  readonly statusText: string;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly #incoming: IncomingMessage;
  #body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;

  constructor(incoming: IncomingMessage) {
    const { statusCode = 0, statusMessage = "", rawHeaders } = incoming;
    this.status = statusCode;
    this.statusText = statusMessage;
    this.ok = statusCode >= 200 && statusCode < 300;
    this.headers = new Headers();
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      this.headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
    }
    this.#incoming = incoming;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> {
    // The types of node:stream/web are others.
    const stream = () => Readable.toWeb(this.#incoming) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>;
    return this.#body ??= stream();
  }

  text(): Promise<string> {
    const pieces: Uint8Array[] = [];
    return new Promise((resolve, reject) => {
      this.#incoming.on("data", (piece: Uint8Array) => pieces.push(piece)).on("error", reject);
      this.#incoming.on("end", () => resolve(Buffer.concat(pieces).toString()));
    });
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}
