/** Spans as OTLP has them in protobuf. The numbers of fields are those of its .proto files. */
import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { ProtobufWriter } from "./protobuf_writer.ts";
import type { WorkSpan } from "./telemetry_span.ts";

const STATUS_ERROR = 2;

/** A batch of spans of one process: each is written when it comes, and nothing of it is held. */
export class OtlpSpans {
  readonly #resource: Uint8Array;
  readonly #scope: Uint8Array;
  readonly #spans = new ProtobufWriter();
  #count = 0;

  /** @param resource what the process is @param scope what makes the spans */
  constructor(resource: Attributes, scope: string) {
    this.#resource = bytesOf((out) => writeAttributes(out, 1, resource));
    this.#scope = bytesOf((out) => out.text(1, scope));
  }

  /** Spans that are here. */
  get count(): number {
    return this.#count;
  }

  add(span: WorkSpan): void {
    writeSpan(this.#spans, span);
    this.#count++;
  }

  /** The request that exports what is here; the next one begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const spans = this.#spans.take();
    this.#count = 0;
    return bytesOf((out) => {
      const resourceSpans = out.open(1);
      out.bytes(1, this.#resource);
      const scopeSpans = out.open(2);
      out.bytes(1, this.#scope);
      out.append(spans);
      out.close(scopeSpans);
      out.close(resourceSpans);
    });
  }
}

function bytesOf(write: (out: ProtobufWriter) => void): Uint8Array<ArrayBuffer> {
  const out = new ProtobufWriter();
  write(out);
  return out.take();
}

/** One of the spans of a ScopeSpans. */
function writeSpan(out: ProtobufWriter, span: WorkSpan): void {
  const { name, kind, parentId, start, durationMs, attributes, events, links, error } = span;
  const { traceId, spanId, traceState } = span.spanContext();
  const at = out.open(2);
  out.hex(1, traceId);
  out.hex(2, spanId);
  if (traceState !== undefined) out.text(3, traceState.serialize());
  if (parentId !== "") out.hex(4, parentId);
  out.text(5, name);
  out.whole(6, kind + 1);
  out.nanoseconds(7, start);
  out.nanoseconds(8, start + durationMs);
  writeAttributes(out, 9, attributes);
  for (const { name, at, attributes } of events) {
    const event = out.open(11);
    out.nanoseconds(1, at);
    out.text(2, name);
    writeAttributes(out, 3, attributes);
    out.close(event);
  }
  for (const { context } of links) {
    const link = out.open(13);
    out.hex(1, context.traceId);
    out.hex(2, context.spanId);
    out.close(link);
  }
  if (error !== "") {
    const status = out.open(15);
    out.text(2, error);
    out.whole(3, STATUS_ERROR);
    out.close(status);
  }
  out.close(at);
}

function writeAttributes(out: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    const pair = out.open(field);
    out.text(1, key);
    const any = out.open(2);
    writeValue(out, value);
    out.close(any);
    out.close(pair);
  }
}

function writeValue(out: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === "boolean") out.whole(2, value ? 1 : 0);
  else if (typeof value !== "number") out.text(1, String(value));
  else if (Number.isSafeInteger(value) && value >= 0) out.whole(3, value);
  else out.double(4, value);
}
