/**
 * What this gateway thinks of each server, from its own calls alone: long before a heartbeat is missed, calls that fail
 * or drag open the server's breaker, and it is left alone for a while. Nothing of it leaves the process: a gateway that
 * sees badly harms nobody else.
 */
import { Breaker, type BreakerState, type Pass } from "../../../shared/breaker.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import type { Logger } from "../../../shared/logger.ts";
import { sleep } from "../../../shared/sleep.ts";
import { spanEvent } from "../../../shared/telemetry.ts";
import type { ServerRow } from "../../db/servers.ts";
import { Latency } from "./latency.ts";
import { breakerRefusals, breakerTurns } from "../telemetry/metrics.ts";
import { isTooLate, tooLate } from "./progress_clock.ts";

/** Servers that are late within so many ms are late at once. */
const AT_ONCE_MS = 2500;

/** What tells the time here. */
export interface Clock {
  /** In ms; never goes back. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const REAL: Clock = { now: () => performance.now(), sleep };

/** A server as this gateway sees it. */
export interface ServerOpinion {
  readonly breaker: BreakerState["kind"];
  /** Failures in a row. */
  readonly failures: number;
  /** What the last failure was; undefined where there was none. */
  readonly lastError: string | undefined;
  /** Calls made to it, and those of them that failed. */
  readonly calls: number;
  readonly failed: number;
  /** The usual time to the first byte of a read, in ms; undefined before the first. */
  readonly usualMs: number | undefined;
}

/** One call under way. */
export interface Watched {
  /** After so many ms without a byte its answer is late for this server. */
  readonly lateMs: number;
  /** The server has answered, well or with an error that is the caller's. @param firstByteMs of a read */
  answered(firstByteMs?: number): void;
  /** The call has ended without an answer. @param error why; undefined where the caller left */
  ended(error: SixfoldError | undefined): void;
  /**
   * The call was given up since all others were done. To be the last is no failure; to be dead is: the server is asked for
   * a sign of life, once for all calls that were given up meanwhile.
   */
  leftBehind(): void;
}

interface Suspect {
  readonly server: ServerRow;
  readonly breaker: Breaker;
  readonly latency: Latency;
  lastError: string | undefined;
  lastLate: number;
  /** The question whether it lives, while that is being asked. */
  proof: Promise<void> | undefined;
  calls: number;
  failed: number;
}

/** Errors of the server's disk, of its door or of the way to it; all others are answers. */
export function isFailure({ code, detail }: SixfoldError): boolean {
  return detail === "WRONG_SERVER" ||
    (detail === undefined && (code === "unavailable" || code === "deadline_exceeded"));
}

/** Watches the calls to all servers. */
export class Suspicion {
  readonly #suspects = new Map<string, Suspect>();
  readonly #log: Logger;
  readonly #tolerated: number;
  readonly #probe: (server: ServerRow) => Promise<void>;
  readonly #clock: Clock;

  /**
   * @param tolerated when more servers than this are late at once, it is not the servers
   * @param probe asks a server for a sign of life
   */
  constructor(
    log: Logger,
    tolerated: number,
    probe: (server: ServerRow) => Promise<void>,
    clock: Clock = REAL,
  ) {
    this.#log = log;
    this.#tolerated = Math.max(1, tolerated);
    this.#probe = probe;
    this.#clock = clock;
  }

  /** Whether calls to a server are made at all. */
  trusts(server: ServerRow): boolean {
    return this.#of(server).breaker.state.kind === "closed";
  }

  /** What is thought of a server. */
  opinion(server: ServerRow): ServerOpinion {
    const { breaker, latency, lastError, calls, failed } = this.#of(server);
    const { state } = breaker;
    const failures = state.kind === "closed" ? state.failures : 0;
    return { breaker: state.kind, failures, lastError, calls, failed, usualMs: latency.usual };
  }

  /**
   * Begins a call.
   * @param lastResort where nobody else can help: then a server is asked that is left alone otherwise
   * @throws SixfoldError `unavailable` at once where the server is left alone
   */
  begin(server: ServerRow, lastResort = false): Watched {
    const suspect = this.#of(server);
    // A half-open breaker lets one call through at a time, and that is the probe: no user's request pays for it.
    const pass = suspect.breaker.state.kind === "closed" ? suspect.breaker.enter() : undefined;
    if (pass === undefined && !lastResort) {
      breakerRefusals(1, { "sixfold.server.id": server.id });
      spanEvent("breaker.refused", { "sixfold.server.id": server.id });
      throw new SixfoldError("unavailable", "a storage server has failed several times and is left alone; try again");
    }
    suspect.calls++;
    return {
      lateMs: suspect.latency.late,
      answered(firstByteMs) {
        pass?.succeed();
        if (firstByteMs !== undefined) suspect.latency.add(firstByteMs);
      },
      ended: (error) => {
        if (error === undefined) pass?.release();
        else if (!isFailure(error)) pass?.succeed();
        else this.#hold(suspect, pass, error);
      },
      leftBehind: () => {
        suspect.proof ??= this.#ask(server).finally(() => suspect.proof = undefined);
        suspect.proof.then(() => pass?.release(), (error) => this.#hold(suspect, pass, error));
      },
    };
  }

  /** Asks for a sign of life. @throws SixfoldError when there is none */
  async #ask(server: ServerRow): Promise<void> {
    try {
      await this.#probe(server);
    } catch (thrown) {
      const error = SixfoldError.from(thrown);
      throw isTooLate(error) ? tooLate("gives no sign of life", error) : error;
    }
  }

  #hold(suspect: Suspect, pass: Pass | undefined, error: SixfoldError): void {
    suspect.failed++;
    suspect.lastError = error.message;
    if (!isTooLate(error)) return pass?.fail();
    const now = this.#clock.now();
    suspect.lastLate = now;
    const late = [...this.#suspects.values()].filter(({ lastLate }) => now - lastLate < AT_ONCE_MS);
    if (late.length <= this.#tolerated) return pass?.fail();
    this.#log.warn("more servers are late at once than can be their fault; none is held against them", {
      serverIds: late.map(({ server }) => server.id),
    });
    for (const { breaker } of late) breaker.forgive();
  }

  /** A server that has begun a new life is met without prejudice. */
  #of(server: ServerRow): Suspect {
    const known = this.#suspects.get(server.id);
    if (known?.server.incarnation === server.incarnation) return known;
    const suspect: Suspect = {
      server,
      breaker: new Breaker(this.#clock.now, (from, to) => this.#changed(suspect, from, to)),
      latency: new Latency(),
      lastError: undefined,
      lastLate: -Infinity,
      proof: undefined,
      calls: known?.calls ?? 0,
      failed: known?.failed ?? 0,
    };
    this.#suspects.set(server.id, suspect);
    return suspect;
  }

  #changed(suspect: Suspect, from: BreakerState["kind"], to: BreakerState["kind"]): void {
    const { server, lastError } = suspect;
    breakerTurns(1, { "sixfold.server.id": server.id, "sixfold.state": to });
    const fields = { serverId: server.id, address: server.httpAddress, from, to, lastError };
    this.#log.warn(`the breaker of a server is ${to} now`, fields);
    if (to === "open") void this.#prove(suspect);
  }

  /** Lets a server prove itself once it has been left alone long enough. */
  async #prove(suspect: Suspect): Promise<void> {
    const { breaker, server } = suspect;
    const { state } = breaker;
    const never = new AbortController().signal;
    if (state.kind === "open") await this.#clock.sleep(state.until - this.#clock.now() + 1, never);
    while (this.#suspects.get(server.id) === suspect && breaker.state.kind === "half-open") {
      const pass = breaker.enter();
      if (pass === undefined) return;
      suspect.calls++;
      await this.#ask(server).then(() => pass.succeed(), (error: SixfoldError) => {
        suspect.failed++;
        suspect.lastError = error.message;
        pass.fail();
      });
    }
  }
}
