/**
 * Clients that keep the gateway waiting. One that is merely slow may be so for as long as nobody else needs the memory that
 * its transfer holds; then the slowest goes first. One that makes no progress at all goes in any case.
 */
import { SixfoldError } from "../shared/errors.ts";

/** Who waits for memory that slow clients may hold. */
export interface Crowds {
  /** Whether uploads wait. */
  uploads(): boolean;
  /** Whether downloads wait. */
  downloads(): boolean;
}

/** How often clients are looked at, in ms. While others wait, one goes each time. */
const LOOK_MS = 250;
/** A client is judged once it has been waited for so long, in ms. */
const JUDGE_MS = 1000;
/** A client that is slower than this, in bytes per second, goes when others wait. */
const SLOW = 256 * 1024;
/** How long a body may not come at all, or at less than `LEAST` bytes per second, in ms. */
const BODY_MS = 15_000;
const LEAST = 1024;
/** How long a client may take for one piece of an answer, in ms. A piece is at most some MiB, and kernels hold that much. */
const PIECE_MS = 60_000;

/** One direction of one transfer, and the time that its client was waited for. */
export class Transfer {
  #since: number | undefined;
  #waited = 0;
  #bytes = 0;

  constructor(
    readonly kind: "upload" | "download",
    readonly cut: (error: SixfoldError) => void,
  ) {}

  /** The client is waited for from now on. */
  wait(): void {
    this.#since ??= performance.now();
  }

  /** The client has sent or taken so many bytes; it is not waited for any more. */
  progress(bytes: number): void {
    if (this.#since === undefined) return;
    this.#waited += performance.now() - this.#since;
    this.#since = undefined;
    this.#bytes += bytes;
    if (this.#waited < JUDGE_MS || this.rate() < SLOW) return;
    this.#waited = 0;
    this.#bytes = 0;
  }

  /** How long the client has been waited for since it was last fast, in ms; 0 while it is not waited for. */
  waited(): number {
    return this.#since === undefined ? 0 : this.#waited + performance.now() - this.#since;
  }

  /** How long it has been waited for without any progress, in ms. */
  stuck(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since;
  }

  /** Bytes per second. */
  rate(): number {
    const waited = this.#since === undefined ? this.#waited : this.waited();
    return this.#bytes / (waited / 1000);
  }
}

/** All transfers of a door. */
export class SlowClients {
  readonly #transfers = new Set<Transfer>();
  readonly #crowds: Crowds;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(crowds: Crowds) {
    this.#crowds = crowds;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Follows a transfer until it is forgotten. @param cut ends it */
  follow(kind: Transfer["kind"], cut: (error: SixfoldError) => void): Transfer {
    const transfer = new Transfer(kind, cut);
    this.#transfers.add(transfer);
    return transfer;
  }

  forget(transfer: Transfer): void {
    this.#transfers.delete(transfer);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const transfer of this.#transfers) {
      const drips = transfer.waited() >= BODY_MS && transfer.rate() < LEAST;
      if (transfer.kind === "upload" && (drips || transfer.stuck() >= BODY_MS)) {
        this.#cut(transfer, "deadline_exceeded", "the body came too slowly; send it again");
      } else if (transfer.kind === "download" && transfer.stuck() >= PIECE_MS) {
        this.#cut(transfer, "deadline_exceeded", "the client takes nothing of the answer");
      }
    }
    for (const kind of ["upload", "download"] as const) {
      if (!this.#crowds[`${kind}s`]()) continue;
      const slow = [...this.#transfers].filter((one) =>
        one.kind === kind && one.waited() >= JUDGE_MS && one.rate() < SLOW
      );
      const [slowest] = slow.sort((a, b) => a.rate() - b.rate() || b.waited() - a.waited());
      const message = "others wait for the memory that this slow transfer holds; try again later";
      if (slowest) this.#cut(slowest, "resource_exhausted", message);
    }
  }

  #cut(transfer: Transfer, code: "deadline_exceeded" | "resource_exhausted", message: string): void {
    this.#transfers.delete(transfer);
    transfer.cut(new SixfoldError(code, message));
  }
}
