/** A request of undici's and what is answered: one object, where its own answers and streams take as long as the request. */
import { Buffer } from "node:buffer";
import type { Dispatcher } from "undici";
import type { Answer, AnswerBody } from "../gateways.ts";

type Control = Dispatcher.DispatchController;
type Named = Readonly<Record<string, string | string[] | undefined>>;

/** Bytes that wait for their reader; then no more are taken from the connection. */
const MOST = 64 * 1024;

/** What undici calls, the answer that comes of it, and the reader of its body. */
export class Exchange implements Dispatcher.DispatchHandler, Answer, AnswerBody {
  status = 0;
  statusText = "";
  #headers: Named = {};
  #control: Control | undefined;
  readonly #pieces: Buffer[] = [];
  #held = 0;
  #ended = false;
  /** What it was ended by before its time. */
  #error: unknown;
  /** Goes on with whoever waits for more. */
  #wake: (() => void) | undefined;
  readonly #stop = () => this.#end(this.signal?.reason);

  constructor(
    readonly answered: (answer: Answer) => void,
    readonly failed: (error: unknown) => void,
    readonly signal: AbortSignal | undefined,
  ) {
    signal?.addEventListener("abort", this.#stop);
    if (signal?.aborted) this.#stop();
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Answer["headers"] {
    const text = (value: string | string[] | undefined) => value === undefined ? undefined : String(value);
    const named = this.#headers;
    return {
      get: (name) => text(named[name]),
      *[Symbol.iterator]() {
        for (const [name, value] of Object.entries(named)) yield [name, String(value)] as const;
      },
    };
  }

  get body(): this {
    return this;
  }

  getReader(): this {
    return this;
  }

  /** The next bytes. */
  async read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }> {
    while (this.#pieces.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return { done: true };
      await this.#more();
    }
    const value = this.#pieces.shift();
    this.#held -= value?.length ?? 0;
    return value === undefined ? { done: true } : { done: false, value };
  }

  /** Whoever leaves before the end ends the connection. */
  cancel(): Promise<void> {
    this.#end(new Error("nobody reads the answer any more"));
    return Promise.resolve();
  }

  /** All bytes as text in UTF-8. */
  async text(): Promise<string> {
    while (!this.#ended) await this.#more();
    if (this.#error !== undefined) throw this.#error;
    const [first] = this.#pieces;
    if (first === undefined) return "";
    return (this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces)).toString();
  }

  /** All bytes as the JSON that they are. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /** Called by undici, as are all that follow. */
  onRequestStart(control: Control): void {
    this.#control = control;
    if (this.#ended) control.abort(this.#error as Error);
  }

  onResponseStart(_control: Control, status: number, headers: Named, statusText = ""): void {
    if (status < 200) return;
    this.status = status;
    this.statusText = statusText;
    this.#headers = headers;
    this.answered(this);
  }

  onResponseData(control: Control, piece: Buffer): void {
    this.#pieces.push(piece);
    this.#held += piece.length;
    if (this.#wake !== undefined) this.#wake();
    else if (this.#held >= MOST) control.pause();
  }

  onResponseEnd(): void {
    this.#end(undefined);
  }

  onResponseError(_control: Control, error: Error): void {
    this.#end(error);
  }

  async #more(): Promise<void> {
    const change = new Promise<void>((resolve) => this.#wake = resolve);
    this.#control?.resume();
    await change;
    this.#wake = undefined;
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.signal?.removeEventListener("abort", this.#stop);
    if (error !== undefined) {
      this.#control?.abort(error as Error);
      this.failed(error);
    }
    this.#wake?.();
  }
}
