/** What the tests of sessions say to a gateway over plain HTTP. */
import { createHash } from "node:crypto";

export const MIB = 1024 * 1024;

/** An answer: its status, and its JSON where it has one. */
export interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- as fetch's own json()
  readonly json: any;
}

/** Sends a request and reads its answer. */
export async function call(url: string, method: string, body?: BodyInit, headers?: HeadersInit): Promise<Answer> {
  const response = await fetch(url, { method, body: body ?? null, headers: headers ?? {} });
  const text = await response.text();
  return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
}

/** Opens a session. @returns its path */
export async function open(gateway: string, key: string, more: Record<string, unknown> = {}): Promise<string> {
  const { status, json } = await call(
    `${gateway}/v1/uploads`,
    "POST",
    JSON.stringify({ bucket: "demo", key, ...more }),
  );
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(json)}`);
  return `/v1/uploads/${json.id}`;
}

/** Bytes that differ at every place, and by seed. */
export function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Cuts [0, size) at random places into so many ranges. */
export function cut(size: number, count: number): { offset: number; length: number }[] {
  const places = new Set([0, size]);
  while (places.size <= count) places.add(Math.floor(Math.random() ** 2 * size));
  const sorted = [...places].sort((a, b) => a - b);
  return sorted.slice(1).map((to, i) => ({ offset: sorted[i] ?? 0, length: to - (sorted[i] ?? 0) }));
}

/** Does some work on all items, so many at once. */
export async function inParallel<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  await Promise.all(Array.from({ length: most }, async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  }));
}

/** Bytes as hex digits. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
