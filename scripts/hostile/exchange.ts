/** One request on a connection of its own, as it stands: a library would refuse to send most of what is sent here. */
import { Buffer } from "node:buffer";
import { connect } from "node:net";

/** A request. */
export interface OddRequest {
  readonly method: string;
  /** What stands in the first line: a path, or not. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** What it says of its body's length, where that is not so. */
  readonly lie?: string | undefined;
  /** Whether its sender leaves soon, because the answer has no end. */
  readonly leaves?: boolean;
}

/** What came back. */
export interface Answer {
  /** 0 where the server has hung up without a word. */
  readonly status: number;
  readonly text: string;
  /** Whether the server did nothing at all for too long. */
  readonly stuck: boolean;
}

/** Longer than any limit of the servers on what may be waited for. */
const STUCK_MS = 30_000;
/** How long a sender stays that leaves before the end. */
const LEAVE_MS = 200;

/** Sends a request and reads until the server closes the connection. */
export async function exchange(address: string, request: OddRequest): Promise<Answer> {
  const [host = "", port] = address.split(":");
  let text = "";
  let stuck = false;
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), host);
    const timer = setTimeout(() => (stuck = true, socket.destroy()), STUCK_MS);
    socket.on("connect", () => {
      socket.write(headOf(request, address));
      socket.write(request.body);
      if (request.lie !== undefined || request.leaves) setTimeout(() => socket.destroy(), LEAVE_MS);
    });
    // Of a long answer the beginning says what there is to say, and the end, where streams tell of errors.
    socket.on("data", (data) => text = cut(text + data.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => (clearTimeout(timer), resolve()));
  });
  // What is said before the answer (1xx) is none.
  return { status: Number(/^HTTP\/1\.1 ([2-9]\d\d)/m.exec(text)?.[1] ?? 0), text, stuck };
}

function cut(text: string): string {
  return text.length > 20_000 ? text.slice(0, 10_000) + text.slice(-5_000) : text;
}

/** The lines before the body. @param stay whether more requests come on the same connection */
export function headOf({ method, target, headers, body, lie }: OddRequest, address: string, stay = false): Uint8Array {
  const length = lie ?? (body.length > 0 || method !== "GET" ? String(body.length) : undefined);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${address}`,
    `Connection: ${stay ? "keep-alive" : "close"}`,
    ...(length === undefined ? [] : [`Content-Length: ${length}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    "",
    "",
  ];
  return Buffer.from(lines.join("\r\n"), "latin1");
}
