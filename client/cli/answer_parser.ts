/** Answers of HTTP/1.1 as they come from a connection, cut anywhere. */
import { Buffer } from "node:buffer";

/** What comes before the body of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly statusText: string;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Who hears of an answer. */
export interface AnswerEvents {
  head(head: AnswerHead): void;
  piece(bytes: Uint8Array<ArrayBuffer>): void;
  /** @param reusable whether the connection takes another request */
  end(reusable: boolean): void;
}

type State = "head" | "length" | "size" | "chunk" | "after chunk" | "trailers" | "until close" | "done";

const STATUS = /^HTTP\/1\.([01]) (\d{3})(?: ([^\r\n]*))?$/;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;
const SWITCHING = 101;
/** Of a head, and of the line that begins a chunk. */
const LONGEST = 64 * 1024;

/** Reads one answer. Whatever is not as it must be is an error: to guess would mix one answer with the next. */
export class AnswerParser {
  #state: State = "head";
  /** The beginning of a head or a line whose end has not come. */
  #held: Buffer = Buffer.alloc(0);
  #left = 0;
  #reusable = true;

  constructor(readonly method: string, readonly events: AnswerEvents) {}

  /** Takes what has come. @throws Error when it is no answer */
  push(bytes: Buffer<ArrayBuffer>): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "done") throw new Error("more came than the answer");
      if (this.#state === "until close") return this.events.piece(bytes.subarray(at));
      if (this.#state === "length" || this.#state === "chunk") {
        const piece = bytes.subarray(at, at + this.#left);
        at += piece.length;
        this.#left -= piece.length;
        this.events.piece(piece);
        if (this.#left > 0) return;
        if (this.#state === "chunk") this.#state = "after chunk";
        else this.#end();
        continue;
      }
      const end = this.#state === "head" ? "\r\n\r\n" : "\r\n";
      const held = this.#held.length;
      const all = held === 0 ? bytes.subarray(at) : Buffer.concat([this.#held, bytes.subarray(at)]);
      const length = all.indexOf(end);
      if (length > LONGEST || length < 0 && all.length > LONGEST) throw new Error("an answer's head is too long");
      this.#held = length < 0 ? all : Buffer.alloc(0);
      if (length < 0) return;
      at += length + end.length - held;
      this.#take(all.toString("latin1", 0, length));
    }
  }

  /** The connection has ended. @throws Error when the answer has not */
  close(): void {
    if (this.#state === "until close") this.#end();
    if (this.#state !== "done") throw new Error("the connection ended before the answer");
  }

  #end(): void {
    this.#state = "done";
    this.events.end(this.#reusable);
  }

  #take(text: string): void {
    switch (this.#state) {
      case "head":
        return this.#takeHead(text);
      case "size": {
        const [, size] = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(text) ?? [];
        if (size === undefined) throw new Error("a chunk has no length");
        this.#left = parseInt(size, 16);
        this.#state = this.#left === 0 ? "trailers" : "chunk";
        return;
      }
      case "after chunk":
        if (text !== "") throw new Error("a chunk is longer than it says");
        this.#state = "size";
        return;
      case "trailers":
        if (text === "") this.#end();
    }
  }

  #takeHead(text: string): void {
    const [first = "", ...lines] = text.split("\r\n");
    const [, version, code, statusText = ""] = STATUS.exec(first) ?? [];
    if (code === undefined) throw new Error("this is no answer of HTTP/1.1");
    const status = Number(code);
    // The answer proper is still to come.
    if (status < 200 && status !== SWITCHING) return;
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
      if (!NAME.test(name)) throw new Error("a header has no name");
      const value = line.slice(colon + 1).trim();
      const other = headers.get(name);
      headers.set(name, other === undefined ? value : `${other}, ${value}`);
    }
    const length = headers.get("content-length");
    const coding = headers.get("transfer-encoding");
    const isOdd = length !== undefined && (coding !== undefined || !/^\d{1,15}$/.test(length));
    if (isOdd || status === SWITCHING) throw new Error("the length of an answer cannot be told");
    if (coding !== undefined && coding.toLowerCase() !== "chunked") throw new Error(`unknown coding: ${coding}`);
    const isBare = this.method === "HEAD" || status === NO_CONTENT || status === NOT_MODIFIED;
    const hasEnd = isBare || coding !== undefined || length !== undefined;
    const closes = /(?:^|,)\s*close\s*(?:,|$)/i.test(headers.get("connection") ?? "");
    this.#reusable = version === "1" && hasEnd && !closes;
    this.#left = isBare ? 0 : Number(length ?? 0);
    if (!isBare && coding !== undefined) this.#state = "size";
    else this.#state = hasEnd ? "length" : "until close";
    this.events.head({ status, statusText, headers });
    if (this.#state === "length" && this.#left === 0) this.#end();
  }
}
