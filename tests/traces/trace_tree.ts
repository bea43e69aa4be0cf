/** Requests that are parts of a trace, and what must hold of the spans that come of them. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { until } from "../../scripts/programs.ts";
import type { ReceivedSpan } from "./otlp_receiver.ts";

/** Whoever was sent spans. */
export interface SpanSource {
  readonly spans: readonly ReceivedSpan[];
}

/** The kind of a span: whoever was called. */
export const SERVER = 2;
const CLIENT = 3;
/** A trace is whole within so many ms. */
export const WITHIN_MS = 20_000;
/** Clocks of processes on one machine differ by less, in ms. */
const SLACK_MS = 3;

/** Sends a request as the part of a trace that its sender has begun. @returns the id of the trace, and the bytes */
export async function send(url: string, init: RequestInit = {}) {
  const traceId = randomBytes(16).toString("hex");
  const parentId = randomBytes(8).toString("hex");
  const headers = { ...Object(init.headers), traceparent: `00-${traceId}-${parentId}-01` };
  const response = await fetch(url, { ...init, headers });
  const body = await response.bytes();
  assert.equal(response.headers.get("x-trace-id"), traceId);
  return { traceId, parentId, body, response };
}

/** Waits for a whole trace: at least so many spans of each name, and nobody's parent or answered call is still to come. */
export async function whole(otlp: SpanSource, traceId: string, counts: Readonly<Record<string, number>>) {
  const spans = () => otlp.spans.filter((span) => span.traceId === traceId);
  const counted = (name: string) => spans().filter((span) => `${span.service.slice(8)} ${span.name}` === name).length;
  await until(`the trace is not whole: ${JSON.stringify(counts)}`, WITHIN_MS, () => {
    const enough = Object.entries(counts).every(([name, count]) => counted(name) >= count);
    return Promise.resolve(
      enough && rootsOf(spans()).length === 1 && answeredCalls(spans()).every(({ below }) => below),
    );
  }).catch((error) => {
    console.log(spans().map(({ service, name, kind }) => `${service} ${name} ${kind}`).sort());
    throw error;
  });
  return spans();
}

/** Those whose parent is not among them. */
function rootsOf(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.filter(({ parentId }) => !ids.has(parentId));
}

/** The calls over the hop that were answered, each with the span of the daemon that was called, once that is here. */
function answeredCalls(spans: readonly ReceivedSpan[]) {
  // Who is away makes no span, and what its caller has left may not have got there.
  const clients = spans.filter(({ name, kind, attributes }) =>
    name.startsWith("chunk.") && kind === CLIENT && attributes["error.type"] === undefined
  );
  return clients.map((client) => ({
    client,
    below: spans.find(({ parentId, kind }) => parentId === client.spanId && kind === SERVER),
  }));
}

/** One tree: every span but the caller's has its parent, and lies within it. */
export function checkTree(spans: readonly ReceivedSpan[], callersSpan: string): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  assert.equal(byId.size, spans.length, "no span comes twice");
  assert.deepEqual(rootsOf(spans).map(({ parentId }) => parentId), [callersSpan], "one root, and no orphans");
  for (const span of spans) {
    assert.ok(span.end >= span.start, span.name);
    const parent = byId.get(span.parentId);
    if (parent === undefined) continue;
    assert.ok(span.start >= parent.start - SLACK_MS, `${span.name} begins before ${parent.name}`);
    // A daemon may still do what its caller waits for no longer, as one leaves a stream of gRPC with the last block.
    const left = (parent.name === "chunk.get" && parent.attributes["sixfold.hop"] === "grpc") ||
      span.attributes["error.type"] === "canceled" || parent.attributes["error.type"] !== undefined;
    assert.ok(left || span.end <= parent.end + SLACK_MS, `${span.name} ends after ${parent.name}`);
  }
}

/** Every call of one kind: the client's span, and below it the server's of the daemon that was called. */
export function checkHops(spans: readonly ReceivedSpan[], name: string, count: number): void {
  const clients = spans.filter((span) => span.name === name && span.kind === CLIENT);
  const answered = answeredCalls(clients.concat(spans.filter(({ kind }) => kind === SERVER)));
  assert.ok(clients.length >= count && answered.length >= count - 1, `${answered.length} of ${clients.length}`);
  for (const { client, below } of answered) {
    assert.deepEqual([below?.name, below?.instance], [name, client.attributes["sixfold.server.id"]]);
    for (const told of ["sixfold.server.id", "sixfold.chunk.id", "sixfold.chunk.index"]) {
      assert.ok(client.attributes[told] !== undefined, told);
      assert.equal(below?.attributes[told], client.attributes[told], told);
    }
  }
}
