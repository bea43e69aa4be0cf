/**
 * What the command needs of `fetch`, by undici's bare requests: Node's fetch is made of them too, and takes fifteen times
 * the CPU of a small request for its streams and signals.
 */
import type { Agent, Dispatcher } from "undici";
import type { Answer, Fetch } from "../gateways.ts";
import { Exchange } from "./exchange.ts";

/** A `fetch` with connections of its own. It waits for as long as its signal lets it. */
export function nodeFetch(): Fetch {
  const loading = openAgent();
  return async (address, { method = "GET", headers, body, signal }) => {
    const agent = await loading;
    const slash = address.indexOf("/", address.indexOf("//") + 2);
    const end = slash < 0 ? address.length : slash;
    const request = {
      origin: address.slice(0, end),
      path: address.slice(end) || "/",
      method: method as Dispatcher.HttpMethod,
      headers: headers as Record<string, string> | undefined ?? null,
      // A stream is iterated: its length is among the headers.
      body: (body ?? null) as NonNullable<Dispatcher.DispatchOptions["body"]> | null,
    };
    return await new Promise<Answer>((answered, failed) =>
      void agent.dispatch(request, new Exchange(answered, failed, signal ?? undefined))
    );
  };
}

/** Of all of undici this alone is needed, and the rest takes 80 ms to load. Other runtimes have a good fetch, and need none. */
async function openAgent(): Promise<Agent> {
  // @ts-ignore: the types are those of the whole, and this is a part that it names only there
  const loaded = await import("undici/lib/dispatcher/agent.js");
  const Loaded = loaded.default as unknown as typeof Agent;
  return new Loaded({ headersTimeout: 0, bodyTimeout: 0 });
}
