/** An answer whose body comes from a socket, no faster than it is read. */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Answer } from "../gateways.ts";
import type { AnswerHead } from "./answer_parser.ts";

type Step = { readonly done: boolean; readonly value?: Uint8Array };

/** How much waits here for its reader before the socket is held back. */
const HELD = 256 * 1024;

/** A Response is made with a stream, whoever wants one: that alone takes longer than the request. */
export class SocketAnswer implements Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly #socket: Socket;
  readonly #pieces: Uint8Array[] = [];
  #held = 0;
  #state: "open" | "ended" | Error = "open";
  #wake = () => {};

  constructor({ status, statusText, headers }: AnswerHead, socket: Socket) {
    this.status = status;
    this.statusText = statusText;
    this.headers = headers;
    this.#socket = socket;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** More of the body has come. */
  add(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    if (this.#held > HELD) this.#socket.pause();
    this.#wake();
  }

  /** All of it has come; the socket is another request's. */
  end(): void {
    this.#state = "ended";
    this.#socket.resume();
    this.#wake();
  }

  /** No more will come. */
  fail(error: Error): void {
    if (this.#state === "open") this.#state = error;
    this.#wake();
  }

  readonly body = { getReader: () => ({ read: () => this.#read(), cancel: () => this.#cancel() }) };

  async text(): Promise<string> {
    const pieces: Uint8Array[] = [];
    for (let step = await this.#read(); step.value !== undefined; step = await this.#read()) pieces.push(step.value);
    return Buffer.concat(pieces).toString();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async #read(): Promise<Step> {
    for (;;) {
      const value = this.#pieces.shift();
      if (value !== undefined) {
        this.#held -= value.length;
        if (this.#held === 0 && this.#state === "open") this.#socket.resume();
        return { done: false, value };
      }
      if (this.#state === "ended") return { done: true };
      if (this.#state !== "open") throw this.#state;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #cancel(): Promise<void> {
    if (this.#state === "open") this.#socket.destroy();
    this.#pieces.length = 0;
    return Promise.resolve();
  }
}
