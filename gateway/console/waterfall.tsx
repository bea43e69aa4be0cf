/** One request as a waterfall: each piece of work on a line, where it lies in time, and what happened during it. */
import { useState } from "preact/hooks";
import type { Trace, TraceSpan } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { cluster } from "./api.ts";
import { colourOf, nameOf } from "./cluster_state.ts";
import { plural, sizeText } from "./format.ts";
import { usePolled } from "./poll.ts";
import { linesOf, millisecondsText } from "./span_tree.ts";

const EVERY_MS = 60_000;
const INDEX = "sixfold.chunk.index";
const FSYNC = "sixfold.daemon.fsync_ms";
const SERVER = "sixfold.server.id";
const BYTES = "sixfold.bytes";

/** The page of a trace. */
export function Waterfall({ trace }: { trace: string }) {
  const { value, error } = usePolled(EVERY_MS, (signal) => cluster.getTrace({ traceId: trace }, { signal }));
  return (
    <>
      <header class="page-head">
        <h1>Request</h1>
        <a href="#/requests">All requests</a>
      </header>
      {error !== "" && <p class="trouble">{error}</p>}
      {value?.traces.map((one) => <Chart key={one.request?.requestId} trace={one} />)}
    </>
  );
}

function Chart({ trace: { request, spans, leftOut } }: { trace: Trace }) {
  const [chosen, setChosen] = useState("");
  if (request === undefined) return null;
  const whole = Math.max(0.001, ...spans.map(({ startMs, durationMs }) => startMs + durationMs));
  return (
    <section class="card" aria-label={request.route}>
      <h2 class="name">{request.route}</h2>
      <p class="faint">
        {request.status} · {millisecondsText(request.durationMs)}
        {request.bytes > 0n && ` · ${sizeText(request.bytes)}`} · trace <span class="name">{request.traceId}</span>
      </p>
      {request.error !== "" && <p class="trouble">{request.error}</p>}
      {spans.some(({ attributes }) => FSYNC in attributes) && (
        <p class="faint bar-key">
          <span class="bar-of-time">
            <span class="fsync" />
          </span>
          The striped end of a bar is the daemon's fsync.
        </p>
      )}
      <div class="scale" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75, 1].map((part) => <span key={part}>{millisecondsText(whole * part)}</span>)}
      </div>
      <ol class="waterfall">
        {linesOf(spans).map(({ span, depth }) => (
          <Line
            key={span.spanId}
            span={span}
            depth={depth}
            whole={whole}
            isOpen={chosen === span.spanId}
            toggle={() => setChosen(chosen === span.spanId ? "" : span.spanId)}
          />
        ))}
      </ol>
      {leftOut > 0 && <p class="hint">{plural(leftOut, "piece")} of work more than is kept.</p>}
    </section>
  );
}

interface LineProps {
  readonly span: TraceSpan;
  readonly depth: number;
  /** The time of all, in ms. */
  readonly whole: number;
  readonly isOpen: boolean;
  readonly toggle: () => void;
}

function Line({ span, depth, whole, isOpen, toggle }: LineProps) {
  const { name, startMs, durationMs, attributes, events, error } = span;
  const server = attributes[SERVER];
  const index = attributes[INDEX];
  const fsyncMs = Number(attributes[FSYNC] ?? 0);
  const part = (ms: number) => `${Math.min(100, Math.max(0, 100 * ms / whole))}%`;
  return (
    <li class={error === "" ? "" : "failed"}>
      <button type="button" aria-expanded={isOpen} onClick={toggle}>
        <span class="what" style={{ paddingLeft: `${Math.min(depth, 8) * 0.9}rem` }}>
          {name}
          {index !== undefined && ` ${index}`}
          {server !== undefined && <span class="faint">{nameOf(server)}</span>}
        </span>
        <span class="track">
          <span
            class={`bar-of-time ${server === undefined ? "" : colourOf(server)}`}
            style={{ left: part(startMs), width: part(durationMs) }}
          >
            {fsyncMs > 0 && (
              <span
                class="fsync"
                title={`fsync ${millisecondsText(fsyncMs)}`}
                style={{ width: `${Math.min(100, 100 * fsyncMs / Math.max(durationMs, 0.001))}%` }}
              />
            )}
          </span>
          {events.map(({ name, atMs }, i) => <span key={i} class="tick" title={name} style={{ left: part(atMs) }} />)}
        </span>
        <span class="size">{millisecondsText(durationMs)}</span>
      </button>
      {isOpen && <Details span={span} />}
    </li>
  );
}

function Details({ span: { startMs, attributes, events, error } }: { span: TraceSpan }) {
  const rows: [string, string][] = [["began after", millisecondsText(startMs)]];
  for (const [name, value] of Object.entries(attributes)) {
    rows.push([name.replace(/^sixfold\./, ""), name === BYTES ? sizeText(Number(value)) : value]);
  }
  for (const { name, atMs, attributes } of events) {
    const told = Object.entries(attributes).map(([key, value]) => `${key.replace(/^sixfold\./, "")} ${value}`).join(
      ", ",
    );
    rows.push([name, `after ${millisecondsText(atMs)}${told === "" ? "" : `: ${told}`}`]);
  }
  return (
    <div class="details">
      {error !== "" && <p class="trouble">{error}</p>}
      <dl class="facts tight">
        {rows.map(([name, value], i) => (
          <div key={i}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
