/** A request's pieces of work as bars under each other, on one scale of time. */
import type { TraceSpan } from "../trace.ts";

const NAMES = 34;

/** A line for each piece of work, below the one that it is a part of, and one for each event. @param width of a bar */
export function waterfall(spans: readonly TraceSpan[], width = 40): string[] {
  const [root] = spans;
  if (root === undefined) return [];
  const total = Math.max(root.durationMs, ...spans.map(({ startMs, durationMs }) => startMs + durationMs), 0.001);
  const column = (ms: number) => Math.min(width - 1, Math.max(0, Math.floor(ms / total * width)));
  const lines: string[] = [];
  const draw = (span: TraceSpan, depth: number) => {
    const from = column(span.startMs);
    const to = Math.max(from, column(span.startMs + span.durationMs));
    const bar = `${" ".repeat(from)}${barOf(span, to - from + 1)}`.padEnd(width);
    const name = `${"  ".repeat(depth)}${labelOf(span)}`.padEnd(NAMES);
    lines.push(`${name} ${bar} ${span.durationMs.toFixed(1).padStart(8)} ms  ${noteOf(span)}`.trimEnd());
    for (const { name, atMs, attributes } of span.events) {
      const mark = `${" ".repeat(column(atMs))}!`.padEnd(width);
      lines.push(`${"  ".repeat(depth + 1)}${name}`.padEnd(NAMES) + ` ${mark} ${Object.values(attributes).join(" ")}`);
    }
    for (const child of spans) if (child.parentId === span.spanId) draw(child, depth + 1);
  };
  draw(root, 0);
  return lines;
}

/** The bar of a piece of work. Its end is lighter where a daemon made the chunk durable, which is the last that it does. */
function barOf({ attributes, durationMs }: TraceSpan, cells: number): string {
  const share = Number(attributes["sixfold.daemon.fsync_ms"] ?? 0) / Math.max(durationMs, 0.001);
  const durable = Math.min(cells, Math.round(share * cells));
  return "█".repeat(cells - durable) + "▒".repeat(durable);
}

function labelOf({ name, attributes }: TraceSpan): string {
  const index = attributes["sixfold.chunk.index"];
  return index === undefined ? name : `${name} ${index}`;
}

/** What the daemon says of its time, and what went wrong. */
function noteOf({ attributes, error }: TraceSpan): string {
  const told = ["wait", "read", "write", "fsync"].flatMap((what) => {
    const ms = Number(attributes[`sixfold.daemon.${what}_ms`] ?? 0);
    return ms >= 0.05 ? [`${what} ${ms.toFixed(1)}`] : [];
  });
  return [...told, error].filter((text) => text !== "").join(", ");
}
