/** A collector of traces: takes OTLP over HTTP and decodes its protobuf, field by field as the specification numbers them. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A span as it came. */
export interface ReceivedSpan {
  readonly service: string;
  readonly instance: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentId: string;
  readonly name: string;
  /** 2 a server's, 3 a client's. */
  readonly kind: number;
  /** In ms since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  /** The trace ids of what it links to. */
  readonly links: readonly string[];
}

/** What came, and where it comes to. */
export interface OtlpReceiver extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly spans: ReceivedSpan[];
  /** The bodies as they came. */
  readonly bodies: Uint8Array[];
}

/** Listens on a free port. */
export function receiveOtlp(): OtlpReceiver {
  const spans: ReceivedSpan[] = [];
  const bodies: Uint8Array[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = await request.bytes();
    bodies.push(body);
    if (new URL(request.url).pathname === "/v1/traces") spans.push(...decode(body));
    return new Response(new Uint8Array(0), { headers: { "content-type": "application/x-protobuf" } });
  });
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    spans,
    bodies,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

type Fields = Map<number, (Uint8Array | number | bigint)[]>;

/** The fields of a message by number. */
function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const value = type === WireType.LengthDelimited
      ? reader.bytes()
      : type === WireType.Bit64
      ? BigInt(reader.fixed64())
      : type === WireType.Bit32
      ? reader.fixed32()
      : Number(reader.uint64());
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

const messages = (fields: Fields, number: number) =>
  (fields.get(number) ?? []).filter((value) => value instanceof Uint8Array).map(fieldsOf);
const bytes = (fields: Fields, number: number) => {
  const [value] = fields.get(number) ?? [];
  return value instanceof Uint8Array ? value : new Uint8Array(0);
};
const text = (fields: Fields, number: number) => new TextDecoder().decode(bytes(fields, number));
const hex = (fields: Fields, number: number) => bytes(fields, number).toHex();
const ms = (fields: Fields, number: number) => Number(fields.get(number)?.[0] ?? 0) / 1e6;

/** The spans of a request. */
export function decode(body: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(body), 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1)[0] ?? new Map(), 1);
    return messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2)).map((span) => ({
      service: String(resource["service.name"]),
      instance: String(resource["service.instance.id"]),
      traceId: hex(span, 1),
      spanId: hex(span, 2),
      parentId: hex(span, 4),
      name: text(span, 5),
      kind: Number(span.get(6)?.[0] ?? 0),
      start: ms(span, 7),
      end: ms(span, 8),
      attributes: attributesOf(span, 9),
      events: messages(span, 11).map((event) => ({ name: text(event, 2), attributes: attributesOf(event, 3) })),
      links: messages(span, 13).map((link) => hex(link, 1)),
    }));
  });
}

/** The number that 64 bits mean. */
function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** Key and value; of values those kinds that are sent: text, truth, whole and other numbers. */
function attributesOf(fields: Fields, number: number): Record<string, unknown> {
  return Object.fromEntries(
    messages(fields, number).map((pair) => {
      const value = messages(pair, 2)[0] ?? new Map();
      const [double] = value.get(4) ?? [];
      if (typeof double === "bigint") return [text(pair, 1), doubleOf(double)];
      return [text(pair, 1), value.has(1) ? text(value, 1) : value.get(2)?.[0] ?? value.get(3)?.[0]];
    }),
  );
}
