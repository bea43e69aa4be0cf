/** HTTP/2 sessions with daemons: a few to each, opened when they are needed, and closed before the other side does it. */
import { type ClientHttp2Session, connect } from "node:http2";
import { SixfoldError } from "../../../shared/errors.ts";
import type { Endpoint } from "./endpoints.ts";
import { certificateName, type HopTrust } from "./hop_trust.ts";
import { tooLate } from "./progress_clock.ts";

const CONNECT_MS = 1000;
/** Sessions with one server: the window of a session, 64 KiB at a daemon, is a round trip that several share. */
const SESSIONS = 4;
/** How long a session may be idle, in ms. Deno has crashed when a server said goodbye to one, so few are there to hear it. */
const IDLE_MS = 4000;
/** What a daemon may send ahead, in bytes: a window of a chunk finds its memory ready, so nothing piles up here. */
const STREAM_WINDOW = 4 * 1024 * 1024;
const SESSION_WINDOW = 4 * STREAM_WINDOW;

/** A session, and how it is used. */
export interface GrpcSession {
  readonly address: string;
  readonly http2: ClientHttp2Session;
  readonly connected: Promise<void>;
  calls: number;
  idle?: ReturnType<typeof setTimeout>;
}

/** The sessions of a gateway, by address. */
export class GrpcSessions {
  readonly #sessions = new Map<string, GrpcSession[]>();
  readonly #trust: HopTrust;

  constructor(trust: HopTrust) {
    this.#trust = trust;
  }

  /**
   * The session with the fewest calls, or a new one. Give it back.
   * @throws SixfoldError `unavailable` when nobody takes the connection within a second
   */
  async take(endpoint: Endpoint, signal: AbortSignal): Promise<GrpcSession> {
    const all = this.#of(endpoint.address);
    let session = all.reduce<GrpcSession | undefined>(
      (a, b) => a !== undefined && a.calls <= b.calls ? a : b,
      undefined,
    );
    if (session === undefined || (session.calls > 0 && all.length < SESSIONS)) {
      session = this.#open(endpoint);
      all.push(session);
    }
    session.calls++;
    clearTimeout(session.idle);
    try {
      await unlessAborted(session.connected, signal);
      return session;
    } catch (error) {
      this.give(session, signal.aborted);
      throw error;
    }
  }

  /**
   * A call on this session has ended.
   * @param inOrder whether others may follow; one that did not end in order may have found a server that is gone without
   * a word, to which no other call should go on the same connection
   */
  give(session: GrpcSession, inOrder: boolean): void {
    session.calls--;
    if (!inOrder) this.#retire(session);
    if (session.calls > 0) return;
    if (!this.#of(session.address).includes(session)) session.http2.destroy();
    else {
      session.idle = setTimeout(() => {
        this.#retire(session);
        session.http2.destroy();
      }, IDLE_MS);
    }
  }

  #open(endpoint: Endpoint): GrpcSession {
    const { address } = endpoint;
    const settings = { initialWindowSize: STREAM_WINDOW, enablePush: false };
    const { ca } = this.#trust;
    const http2 = connect(this.#trust.baseUrl(address), {
      settings,
      ...(ca === undefined ? {} : { ca, ...certificateName(endpoint) }),
    });
    const connected = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        reject(tooLate("takes no connection"));
        http2.destroy();
      }, CONNECT_MS);
      const failed = (cause?: unknown) => {
        clearTimeout(late);
        reject(new SixfoldError("unavailable", "a storage server cannot be reached; try again", { cause }));
      };
      http2.once("connect", () => {
        clearTimeout(late);
        // Deno tells of a connection, too, that came after its session was given up; the session then takes no setting.
        if (http2.destroyed) return;
        http2.setLocalWindowSize(SESSION_WINDOW);
        resolve();
      });
      http2.on("error", failed);
      http2.on("close", failed);
    });
    connected.catch(() => {}); // Whoever waits for it hears of it.
    const session: GrpcSession = { address, http2, connected, calls: 0 };
    http2.on("goaway", () => this.#retire(session));
    http2.on("close", () => this.#retire(session));
    return session;
  }

  /** Takes no more calls. Those that are under way may end. */
  #retire(session: GrpcSession): void {
    clearTimeout(session.idle);
    const all = this.#of(session.address);
    if (all.includes(session)) all.splice(all.indexOf(session), 1);
  }

  #of(address: string): GrpcSession[] {
    const all = this.#sessions.get(address) ?? [];
    this.#sessions.set(address, all);
    return all;
  }
}

/** What a promise says, unless the signal aborts before. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let left = () => {};
  const aborted = new Promise<never>((_, reject) => {
    left = () => reject(signal.reason);
    signal.addEventListener("abort", left);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", left);
  }
}
