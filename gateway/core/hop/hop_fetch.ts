/**
 * `fetch` for the small calls to a daemon, on connections of our own: it dials the address that was checked, whatever the
 * URL says, shows and follows nothing else. Deno's has no way to do that over TLS.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { SixfoldError } from "../../../shared/errors.ts";
import type { Fetch } from "../../../shared/rpc.ts";
import type { Endpoint } from "./endpoints.ts";
import type { HopConnections } from "./hop_connection.ts";

/** @param connections that may be kept for calls still to come */
export function hopFetch(connections: HopConnections, endpoint: Endpoint): Fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const { signal } = request;
    const body = new Uint8Array(await request.arrayBuffer());
    const connection = await connections.take(endpoint, signal).catch((error) => {
      throw explained(error, signal);
    });
    const cut = () => connection.close();
    signal.addEventListener("abort", cut);
    try {
      await connection.request(new URL(request.url).pathname, Object.fromEntries(request.headers), body.length);
      await connection.write(body);
      const { status, headers } = await connection.readHead();
      const answer = await connection.readAll({ status, headers }, () => {});
      connections.give(connection);
      return new Response(Uint8Array.from(answer), { status, headers });
    } catch (error) {
      connection.close();
      throw explained(error, signal);
    } finally {
      signal.removeEventListener("abort", cut);
    }
  };
}

/** Connect takes what it does not know for a mistake; here all is the line's. */
function explained(cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const error = SixfoldError.from(cause);
  const message = error.code === "unavailable" ? error.message : "a storage server cannot be reached; try again";
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}
