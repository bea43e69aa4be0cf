/** An upload while it runs. */
import type { Gateways } from "./gateways.ts";
import { onAbort } from "./on_abort.ts";
import { Pause } from "./pause.ts";
import { browserStore, type ResumeStore } from "./resume_store.ts";
import type { UploadSource } from "./source.ts";
import type { StoredFile } from "./stored_file.ts";
import { runUpload, type UploadOptions } from "./upload.ts";

/** A running upload: await it for the stored file, or hold it back. */
export class Upload implements PromiseLike<StoredFile> {
  readonly #pause = new Pause();
  readonly #stop = new AbortController();
  /** The stored file. @throws SixfoldError */
  readonly done: Promise<StoredFile>;

  constructor(gateways: Gateways, source: UploadSource, options: UploadOptions) {
    const { signal: caller, resume } = options;
    const store: ResumeStore | undefined = resume === false ? undefined : resume ?? browserStore();
    const stop = () => this.#stop.abort(caller?.reason);
    if (caller?.aborted) stop();
    const forget = caller === undefined ? () => {} : onAbort(caller, stop);
    this.done = runUpload(gateways, source, options, store, this.#pause, this.#stop.signal)
      .finally(forget);
  }

  /** Sends no more parts; those on their way arrive. */
  pause(): void {
    this.#pause.hold();
  }

  /** Goes on after a pause. */
  resume(): void {
    this.#pause.release();
  }

  /** Ends the upload and removes what has arrived. To go on with it later, abort the options' signal instead. */
  async abort(): Promise<void> {
    this.#stop.abort();
    await this.done.then(() => {}, () => {});
    await this.#pause.onAbandon();
  }

  /** So that an upload can be awaited. */
  then<A = StoredFile, B = never>(
    stored?: ((file: StoredFile) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.done.then(stored, failed);
  }
}
