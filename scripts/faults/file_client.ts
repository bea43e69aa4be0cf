/** A client of REST that checks every byte and never throws: what became of a call is a value. */
import { Buffer } from "node:buffer";
import type { Content } from "./content.ts";

/** What became of a call. */
export interface Outcome {
  /** The HTTP status; 0 where no whole answer came. */
  readonly status: number;
  /** The code and detail of the error, where the answer names them. */
  readonly code: string;
  readonly ms: number;
  /** What is wrong with bytes that were handed over as good; undefined where nothing is. */
  readonly wrong?: string;
  /** How many good bytes of the body came. */
  readonly bytes: number;
}

/** What a call may be given. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** A call that takes longer than this, in ms, is a fault by itself. */
  readonly limitMs?: number;
  /** Hears how many bytes have passed; it may wait. */
  readonly onBytes?: (bytes: number) => void | Promise<void>;
  readonly headers?: Record<string, string>;
}

/** A call that takes longer than this is a fault by itself, in ms. */
export const LIMIT_MS = 60_000;

/** Stores a content. */
export async function putFile(url: string, content: Content, options: CallOptions = {}): Promise<Outcome> {
  const { headers = {}, onBytes } = options;
  // A body in memory is sent with its length, a paced one in pieces of unknown number.
  const body = onBytes === undefined && content.size <= 1024 * 1024
    ? content.slice(0, content.size)
    : content.stream(onBytes);
  return await call(url, { method: "PUT", body, headers }, options);
}

/** Removes a file. */
export async function deleteFile(url: string, options: CallOptions = {}): Promise<Outcome> {
  return await call(url, { method: "DELETE" }, options);
}

/** Reads a range of a file, from `from` up to and without `to`, and compares it with what it must be. */
export async function getFile(
  url: string,
  content: Content,
  options: CallOptions & { readonly from?: number; readonly to?: number } = {},
): Promise<Outcome> {
  const { from = 0, to = content.size } = options;
  const whole = from === 0 && to === content.size;
  const headers: Record<string, string> = whole ? {} : { range: `bytes=${from}-${to - 1}` };
  return await call(url, { method: "GET", headers }, options, async (response) => {
    let at = from;
    for await (const piece of response.body ?? []) {
      await options.onBytes?.(at - from);
      if (at + piece.length > to) return { bytes: at - from, wrong: "more bytes than the file has" };
      const right = content.slice(at, at + piece.length);
      if (!equal(piece, right)) return { bytes: at - from, wrong: `other bytes after ${at}` };
      at += piece.length;
    }
    if (at < to) return { bytes: at - from, wrong: `a clean end after ${at - from} of ${to - from} bytes` };
    return { bytes: at - from };
  });
}

type Taken = Pick<Outcome, "bytes" | "wrong">;

/** Makes a call. @param take reads the answer of one that succeeded */
export async function call(
  url: string,
  init: RequestInit,
  { signal, limitMs = LIMIT_MS }: CallOptions,
  take: (response: Response) => Promise<Taken> = async (response) => ({ bytes: (await response.bytes()).length }),
): Promise<Outcome> {
  const began = performance.now();
  const limit = AbortSignal.timeout(limitMs);
  const ms = () => Math.round(performance.now() - began);
  try {
    const response = await fetch(url, { ...init, signal: signal ? AbortSignal.any([signal, limit]) : limit });
    const { status } = response;
    if (status >= 300) return { status, code: codeIn(await response.text()), ms: ms(), bytes: 0 };
    const taken = await take(response);
    return { status, code: "", ms: ms(), ...taken };
  } catch (error) {
    const code = limit.aborted ? `no end within ${limitMs / 1000} s` : error instanceof Error ? error.message : "";
    return { status: 0, code, ms: ms(), bytes: 0 };
  }
}

function codeIn(text: string): string {
  try {
    const { code, detail, title } = JSON.parse(text);
    return [code, detail, title].filter(Boolean).join(" ");
  } catch {
    return text.slice(0, 80);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
