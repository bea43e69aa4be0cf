/**
 * The gateway's door: HTTP/1.1 in, with the limits that keep one client from harming the others. It stands on node:http because Deno.serve has no timeouts, and holds no chunked body back (Deno 2.9.5).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { SixfoldError } from "../shared/errors.ts";
import type { Logger } from "../shared/logger.ts";
import type { Certificate } from "../shared/certificate.ts";
import { exchange, type Handler } from "./exchange.ts";
import { createListener } from "./listener.ts";
import type { RequestWatch } from "./request_watch.ts";
import { type Crowds, SlowClients } from "./slow_clients.ts";

/** How much goes through a door. */
export interface DoorLoad {
  readonly requests: number;
  readonly connections: number;
}

/** An open door. */
export interface Door {
  readonly port: number;
  /** How much goes through it now. */
  load(): DoorLoad;
  /** Takes another certificate for connections that are still to come. */
  renew(certificate: Certificate): void;
  /** Takes no new requests, lets running ones finish for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** What a door leads to, and how much goes through it at once. */
export interface DoorOptions {
  readonly host: string;
  readonly port: number;
  /** For TLS; undefined for plain text. */
  readonly certificate: Certificate | undefined;
  readonly handler: Handler;
  /** Answers a request that is not let in, in the way that its sender understands. */
  readonly refuse: (request: Request, error: SixfoldError) => Response;
  /** Requests that are let in however many there are. */
  readonly always: (request: Request) => boolean;
  /** The most requests at once. */
  readonly most: number;
  readonly crowds: Crowds;
  /** Sees every request. */
  readonly watch: RequestWatch;
  readonly log: Logger;
}

/** A line in the log about full doors, at most so often, in ms. */
const TELL_MS = 10_000;
/**
 * Opens the door.
 * @throws SixfoldError `failed_precondition` when the port is taken
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { host, port, most, log } = options;
  const busy = new Set<Socket>();
  const clients = new SlowClients(options.crowds);
  const tell = atMostEvery(
    TELL_MS,
    (message: string) => log.warn(message, { requests: busy.size, connections: sockets.size }),
  );
  let stopping = false;
  const limited = (request: Request): SixfoldError | undefined => {
    if (stopping) return new SixfoldError("unavailable", "the gateway stops; ask another one");
    if (busy.size <= most || options.always(request)) return undefined;
    tell("more requests than are let in at once; the rest is refused");
    return new SixfoldError("unavailable", "the gateway has too much to do; try again");
  };
  const handler: Handler = async (request, address) => {
    const refusal = limited(request);
    return refusal === undefined ? await options.handler(request, address) : options.refuse(request, refusal);
  };
  const exchanging = { handler, clients, isStopping: () => stopping };
  const take = (incoming: IncomingMessage, outgoing: ServerResponse, onBody = () => {}) => {
    const { socket } = incoming;
    busy.add(socket);
    outgoing.on("close", () => {
      busy.delete(socket);
      if (stopping) socket.destroy();
    });
    const work = (more: () => Record<string, string>) =>
      exchange(exchanging, incoming, outgoing, onBody, more).catch((error) => {
        // The transfer is broken, and must look so: no clean end, whatever was sent.
        log.debug("a request broke off", { error });
        outgoing.destroy();
      });
    void options.watch(incoming, outgoing, work);
  };
  const crowded = () => tell("more connections than are held at once; the rest is closed");
  const { server, sockets, renew } = createListener(options.certificate, (incoming, outgoing) => {
    take(incoming, outgoing);
  }, crowded);
  // Who asks before it sends its body (Expect: 100-continue) is told to go on when somebody wants the first byte of it: a
  // refusal, for whatever reason, comes before that, and costs neither side the body.
  server.on("checkContinue", (incoming, outgoing) => take(incoming, outgoing, () => outgoing.writeContinue()));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
  server.on("error", (error) => tell(`connections cannot be taken: ${error.message}`));
  return {
    port: (server.address() as AddressInfo).port,
    renew,
    load: () => ({ requests: busy.size, connections: sockets.size }),
    async close(graceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      stopping = true;
      for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(cut);
      clients.close();
    },
  };
}

/** Calls `act` now, or not at all when it was called a moment ago. */
function atMostEvery(ms: number, act: (message: string) => void): (message: string) => void {
  let last = -Infinity;
  return (message) => {
    if (performance.now() - last < ms) return;
    last = performance.now();
    act(message);
  };
}

function explain(error: Error, host: string, port: number): unknown {
  if (!("code" in error)) return error;
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
    const what = `SIXFOLD_HOST=${host} is no address of this machine; name one, or 0.0.0.0 for all`;
    return new SixfoldError("failed_precondition", what, { cause: error });
  }
  if (error.code !== "EADDRINUSE") return error;
  return new SixfoldError(
    "failed_precondition",
    `port ${port} is taken; stop its owner or choose another with SIXFOLD_PORT`,
    { cause: error },
  );
}
