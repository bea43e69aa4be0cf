/** Answers before the answer (1xx): the door knows where they go, and what answers a request says which. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** The types of node:http do not have it yet. */
interface Informing extends ServerResponse {
  writeInformation(status: number, headers: Readonly<Record<string, string>>): void;
}

const ways = new WeakMap<Request, Informing>();

/** Remembers where interim answers to a request go. */
export function keepInterim(request: Request, { httpVersion }: IncomingMessage, outgoing: ServerResponse): void {
  if (httpVersion !== "1.0") ways.set(request, outgoing as Informing);
}

/** Sends an interim answer, where its reader can understand one. */
export function answerInterim(request: Request, status: number, headers: Readonly<Record<string, string>>): void {
  ways.get(request)?.writeInformation(status, headers);
}
