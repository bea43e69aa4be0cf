/**
 * What the command needs of `fetch`, by undici's plain calls: Node's fetch is made of them too, and takes eight times the
 * CPU of a small request for its streams and signals.
 */
import type { Dispatcher } from "undici";
import type { Answer, Fetch } from "../gateways.ts";

/** A `fetch` with connections of its own. It waits for as long as its signal lets it. */
export function nodeFetch(): Fetch {
  // Other runtimes have a good fetch, and need not load this.
  const loading = import("undici").then(({ Agent, request }) => {
    const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
    return (address: string, init: Omit<Dispatcher.RequestOptions, "origin" | "path">) =>
      request(address, { ...init, dispatcher });
  });
  return async (address, { method = "GET", headers = {}, body, signal }) => {
    const request = await loading;
    const answer = await request(address, {
      method: method as Dispatcher.HttpMethod,
      headers: headers as Record<string, string>,
      // A stream is iterated: its length is among the headers.
      body: (body ?? null) as NonNullable<Dispatcher.DispatchOptions["body"]> | null,
      signal: signal ?? null,
    });
    return answerOf(answer);
  };
}

function answerOf({ statusCode, statusText, headers, body }: Dispatcher.ResponseData): Answer {
  // Whoever leaves before its end ends the connection, and nobody waits for the error that this makes.
  body.on("error", () => {});
  const pieces: AsyncIterator<Uint8Array, undefined> = body[Symbol.asyncIterator]();
  const reader = { read: () => pieces.next(), cancel: () => Promise.resolve(void body.destroy()) };
  return {
    ok: statusCode >= 200 && statusCode < 300,
    status: statusCode,
    statusText,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body: { getReader: () => reader },
    text: () => body.text(),
    json: () => body.json(),
  };
}
