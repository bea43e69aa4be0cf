/** Uploads: a few at once, each of which can be held back, let go on, and given up. */
import { batch, type Signal, signal } from "@preact/signals";
import type { Upload } from "../../client/mod.ts";
import { sdk, sentenceOf } from "./api.ts";

/** A file, and how it is called below the folder that it is put into. */
export interface Picked {
  readonly path: string;
  readonly file: File;
}

/** Where an upload is. */
export type UploadState = "waiting" | "running" | "paused" | "done" | "failed";

/** One upload. */
export interface QueuedUpload {
  readonly id: number;
  readonly bucket: string;
  readonly key: string;
  readonly file: File;
  readonly state: Signal<UploadState>;
  /** Bytes that are durable. */
  readonly sent: Signal<number>;
  /** Bytes per second of late. */
  readonly speed: Signal<number>;
  /** Why it failed. */
  readonly problem: Signal<string>;
  running?: Upload;
}

const AT_ONCE = 3;
/** The share of the newest figure in the speed that is shown. */
const FRESH = 0.3;

/** All of them, the newest last. */
export const uploads = signal<readonly QueuedUpload[]>([]);
/** Counts files that were stored or removed: lists look again. */
export const changed = signal(0);
let last = 0;

/** Takes files in, and begins when it is their turn. @param folder with a slash at its end, or empty */
export function enqueue(bucket: string, folder: string, picked: readonly Picked[]): void {
  const taken = picked.map(({ path, file }): QueuedUpload => ({
    id: ++last,
    bucket,
    key: folder + path,
    file,
    state: signal<UploadState>("waiting"),
    sent: signal(0),
    speed: signal(0),
    problem: signal(""),
  }));
  uploads.value = [...uploads.value, ...taken];
  next();
}

function next(): void {
  let free = AT_ONCE - uploads.value.filter(({ state }) => state.value === "running").length;
  for (const upload of uploads.value) {
    if (free <= 0) return;
    if (upload.state.value !== "waiting") continue;
    free--;
    void run(upload);
  }
}

async function run(upload: QueuedUpload): Promise<void> {
  const { bucket, key, file, state, sent, speed, problem } = upload;
  state.value = "running";
  let at = performance.now();
  try {
    upload.running = sdk.upload(file, {
      bucket,
      key,
      onProgress(progress) {
        const now = performance.now();
        const fresh = (progress.sent - Math.max(sent.value, progress.resumed)) / Math.max(1, now - at) * 1000;
        batch(() => {
          speed.value = speed.value === 0 ? fresh : speed.value * (1 - FRESH) + fresh * FRESH;
          sent.value = progress.sent;
        });
        at = now;
      },
    });
    await upload.running.done;
    state.value = "done";
    changed.value++;
  } catch (error) {
    if (!uploads.value.includes(upload)) return;
    problem.value = sentenceOf(error);
    state.value = "failed";
  } finally {
    delete upload.running;
    next();
  }
}

/** Sends no more of it for now. */
export function pause({ running, state }: QueuedUpload): void {
  running?.pause();
  state.value = "paused";
  next();
}

/** Goes on, or tries again what failed: what has arrived is not sent again. */
export function resume(upload: QueuedUpload): void {
  if (upload.running === undefined) {
    upload.state.value = "waiting";
    next();
  } else {
    upload.running.resume();
    upload.state.value = "running";
  }
}

/** Gives it up, and removes what has arrived. */
export async function giveUp(upload: QueuedUpload): Promise<void> {
  uploads.value = uploads.value.filter((other) => other !== upload);
  await upload.running?.abort();
}

/** Forgets those that are done. */
export function clearDone(): void {
  uploads.value = uploads.value.filter(({ state }) => state.value !== "done");
}
