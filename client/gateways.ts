/** The gateways of a client: requests go to one of them, and on to the next one when it fails. */
import { SixfoldError } from "../shared/errors.ts";
import { sleep } from "../shared/sleep.ts";
import { gatewayAddresses } from "./address.ts";
import { answeredFailure, connectionFailure } from "./failure.ts";
import { fetchBody } from "./fetch_body.ts";

/** What is read of an answer; a Response is one. */
export interface Answer extends Pick<Response, "ok" | "status" | "statusText" | "text"> {
  /** Asked for by names in lower case. */
  readonly headers: Iterable<readonly [string, string]> & { get(name: string): string | null | undefined };
  readonly body: AnswerBody | null;
  json(): Promise<unknown>;
}

/** A body as it comes; a stream is one. */
export interface AnswerBody {
  getReader(): {
    read(): Promise<{ readonly done?: boolean | undefined; readonly value?: Uint8Array | undefined }>;
    cancel(): Promise<void>;
  };
}

/** What is asked of `fetch`. */
export type Fetch = (address: string, init: RequestInit) => Promise<Answer>;

/** How a client reaches its cluster. */
export interface GatewayOptions {
  /** Addresses such as `http://127.0.0.1:8080`; when one fails, the next one is asked. */
  readonly gateways: string | readonly string[];
  /** The API key, where the gateways want one. */
  readonly key?: string;
  /** Stands for the runtime's `fetch`. */
  readonly fetch?: Fetch;
}

/** Options of a single call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** A request, made anew for every try: it must be idempotent. */
export interface Call {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | Blob | string;
  readonly signal?: AbortSignal | undefined;
  /** For how long errors that may pass are tried again, in ms. */
  readonly patienceMs?: number;
  /** How long one try may take, in ms. */
  readonly deadlineMs?: number;
  /** Hears of every try that failed and is made again. */
  readonly onRetry?: (error: SixfoldError) => void;
}

const PATIENCE_MS = 3000;
const DEADLINE_MS = 30_000;
const BASE_MS = 250;
const LONGEST_MS = 5000;

/** Sends requests. */
export class Gateways {
  readonly addresses: readonly string[];
  readonly #fetch: Fetch;
  readonly #key: string | undefined;
  #current = 0;

  constructor({ gateways, key, fetch: own }: GatewayOptions) {
    this.addresses = gatewayAddresses(gateways);
    this.#fetch = own ?? ((address, init) => fetch(address, init));
    this.#key = key;
  }

  /**
   * Makes a call, and again after errors that may pass: at once through the next gateway, and once all have failed, later
   * and later by chance.
   * @param read takes what is needed of a good answer; the deadline holds until it has, and its errors are tried again too
   * @throws SixfoldError
   */
  async send<T>(call: Call, read: (response: Answer) => Promise<T>): Promise<T> {
    const { signal, patienceMs = PATIENCE_MS } = call;
    const began = Date.now();
    for (let tries = 1;; tries++) {
      if (signal?.aborted) throw canceled(signal);
      const turn = this.#current;
      try {
        return await this.#once(this.addresses[turn] ?? "", call, read);
      } catch (thrown) {
        if (signal?.aborted) throw canceled(signal);
        const error = SixfoldError.from(thrown);
        if (!error.retryable || Date.now() - began > patienceMs) throw error;
        call.onRetry?.(error);
        if (this.#current === turn) this.#current = (turn + 1) % this.addresses.length;
        const round = Math.floor(tries / this.addresses.length);
        if (tries % this.addresses.length > 0) continue;
        await sleep(Math.random() * Math.min(LONGEST_MS, BASE_MS * 2 ** round), signal);
      }
    }
  }

  async #once<T>(address: string, call: Call, read: (response: Answer) => Promise<T>): Promise<T> {
    const { path, method = "GET", headers = {}, body, signal, deadlineMs = DEADLINE_MS } = call;
    const key = this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` };
    // Not AbortSignal.any: for a small request that is dear in Node.
    const end = new AbortController();
    const stop = () => end.abort(signal?.reason);
    signal?.addEventListener("abort", stop);
    const timer = setTimeout(() => end.abort(new DOMException("no answer in time", "TimeoutError")), deadlineMs);
    const { init, headers: about } = fetchBody(body);
    try {
      const response = await this.#fetch(address + path, {
        method,
        headers: { ...headers, ...about, ...key },
        signal: end.signal,
        ...init,
      });
      if (!response.ok) throw await answeredFailure(response, address);
      return await read(response);
    } catch (thrown) {
      throw connectionFailure(end.signal.aborted ? end.signal.reason : thrown, address);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}

/** The caller's own end of a call. */
export function canceled(signal: AbortSignal): SixfoldError {
  return new SixfoldError("canceled", "the call was ended by its caller", { cause: signal.reason });
}

/** Calls an RPC over Connect's JSON. @throws SixfoldError */
export function callRpc(
  gateways: Gateways,
  method: string,
  request: unknown,
  options: Pick<Call, "signal" | "patienceMs" | "onRetry"> = {},
): Promise<Record<string, unknown>> {
  const headers = { "content-type": "application/json", "connect-protocol-version": "1" };
  const call = { ...options, path: `/sixfold.v1.${method}`, method: "POST", headers, body: JSON.stringify(request) };
  return gateways.send(call, async (response) => ({ ...Object(await response.json()) }));
}
