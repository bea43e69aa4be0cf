/** Stores a file: in one request where it is small, and otherwise in parts that survive cuts, reloads and gateways. */
import { SixfoldError } from "../shared/errors.ts";
import { filePath } from "./address.ts";
import { toBase64, toHex } from "./bytes.ts";
import type { Gateways } from "./gateways.ts";
import { LARGEST_PART, PartSize } from "./part_size.ts";
import type { Pause } from "./pause.ts";
import { resumeName, type ResumeStore } from "./resume_store.ts";
import { sendParts, SourceChanged } from "./send_parts.ts";
import { Session, type SessionHeader, type SessionState } from "./session.ts";
import { sha256 } from "./sha256.ts";
import { openSource, type Source, type UploadSource } from "./source.ts";
import { META, type StoredFile } from "./stored_file.ts";
import type { Part } from "./verify.ts";

/** What to store, and how. */
export interface UploadOptions {
  readonly bucket: string;
  readonly key: string;
  /** The Blob's own, or application/octet-stream. */
  readonly contentType?: string;
  /** Names of lower-case letters, digits and dashes; values of printable ASCII. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Fails with `already_exists` where the key is taken. */
  readonly ifAbsent?: boolean;
  /** Hears how much is durable. It never goes back. */
  readonly onProgress?: (progress: UploadProgress) => void;
  readonly signal?: AbortSignal;
  /** Parts at once, each at most 8 MiB in memory. */
  readonly concurrency?: number;
  /** In bytes, at most 8 MiB; by default what takes some seconds. */
  readonly partSize?: number;
  /** Where unfinished uploads are remembered, or `false`; IndexedDB in browsers, nowhere else by default. */
  readonly resume?: ResumeStore | false;
}

/** How far an upload is. */
export interface UploadProgress {
  /** Bytes that are durable. */
  readonly sent: number;
  /** Of these, what was there before this upload went on. */
  readonly resumed: number;
  /** Undefined where the size shows only at the end. */
  readonly total: number | undefined;
}

const CONCURRENCY = 4;
const SMALL_PATIENCE_MS = 20_000;

/** Runs an upload from its source to its end. @throws SixfoldError */
export async function runUpload(
  gateways: Gateways,
  from: UploadSource,
  options: UploadOptions,
  store: ResumeStore | undefined,
  pause: Pause,
  signal: AbortSignal,
): Promise<StoredFile> {
  const path = filePath(options.bucket, options.key);
  const metadata = metadataOf(options.metadata ?? {});
  const source = await openSource(from);
  try {
    const small = source.size === undefined || source.size <= LARGEST_PART;
    const head = small ? await source.take(0, source.size ?? LARGEST_PART) : new Uint8Array(0);
    const type = options.contentType ?? source.contentType ?? "application/octet-stream";
    if (small && head.length < LARGEST_PART || head.length === source.size) {
      const file = await putWhole(gateways, path, head, options, type, metadata, signal);
      options.onProgress?.({ sent: file.size, resumed: 0, total: file.size });
      return file;
    }
    const { bucket, key, ifAbsent = false } = options;
    const size = source.size === undefined ? {} : { size: source.size };
    const header = { bucket, key, ifAbsent, contentType: type, metadata, ...size };
    return await putParts(gateways, source, head, header, options, store, pause, signal);
  } finally {
    await source.close().catch(() => {});
  }
}

async function putWhole(
  gateways: Gateways,
  path: string,
  body: Uint8Array<ArrayBuffer>,
  { bucket, key, ifAbsent = false, metadata: named = {} }: UploadOptions,
  contentType: string,
  metadata: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<StoredFile> {
  const digest = await sha256(body);
  const headers = {
    ...metadata,
    "content-type": contentType,
    "repr-digest": `sha-256=:${toBase64(digest)}:`,
    ...(ifAbsent ? { "if-none-match": "*" } : {}),
  };
  let again = false;
  const onRetry = () => void (again = true);
  const call = { path, method: "PUT", headers, body, signal, onRetry, patienceMs: SMALL_PATIENCE_MS };
  const told = {
    bucket,
    key,
    size: body.length,
    contentType,
    sha256: toHex(digest),
    treeSha256: undefined,
    metadata: { ...named },
  };
  return await gateways.send(call, async (response) => {
    const { id } = Object(await response.json());
    return { ...told, id: String(id), createdAt: new Date(response.headers.get("date") ?? Date.now()) };
  }).catch(async (error) => {
    // An answer that was lost: what is there now may be what the first try has stored.
    if (!again || !(error instanceof SixfoldError) || error.code !== "already_exists") throw error;
    return await gateways.send({ path, method: "HEAD", signal }, ({ headers }) => {
      if (headers.get("repr-digest") !== `sha-256=:${toBase64(digest)}:`) throw error;
      const id = (headers.get("etag") ?? "").replaceAll('"', "");
      return Promise.resolve({ ...told, id, createdAt: new Date(headers.get("last-modified") ?? "") });
    });
  });
}

async function putParts(
  gateways: Gateways,
  source: Source,
  head: Uint8Array<ArrayBuffer>,
  header: SessionHeader,
  options: UploadOptions,
  store: ResumeStore | undefined,
  pause: Pause,
  signal: AbortSignal,
): Promise<StoredFile> {
  const fingerprint = store === undefined ? undefined : await source.fingerprint();
  const name = fingerprint === undefined ? undefined : await resumeName(header, fingerprint);
  const { session, parts: found, file } = await openOrResume(gateways, header, name, store, signal);
  const forget = async () => {
    if (name !== undefined) await store?.delete(name).catch(() => {});
  };
  const drop = async () => {
    await forget();
    await session.abort().catch(() => {});
  };
  pause.onAbandon = drop;
  if (file !== undefined) {
    await forget();
    return file;
  }
  const { onProgress = () => {}, concurrency = CONCURRENCY } = options;
  let parts = found;
  const resumed = lengthOf(parts);
  let sent = resumed;
  const total = source.size;
  onProgress({ sent, resumed, total });
  const sendRest = (): Promise<number> =>
    sendParts({
      session,
      source,
      there: parts,
      partSize: new PartSize(options.partSize && Math.min(options.partSize, LARGEST_PART), total),
      concurrency,
      signal,
      mayGoOn: () => pause.over(signal),
      onBytes(bytes) {
        sent += bytes;
        onProgress({ sent, resumed, total });
      },
    }, head).catch(async (error) => {
      // What another one had on its way, as a run that was stopped a moment ago, has arrived and is cut otherwise.
      if (name === undefined || !(error instanceof SixfoldError) || error.code !== "already_exists") throw error;
      const known = lengthOf(parts);
      parts = (await session.look(signal)).parts;
      if (lengthOf(parts) === known) throw error;
      sent = Math.max(sent, lengthOf(parts));
      return await sendRest();
    });
  try {
    const size = await sendRest();
    const stored = await session.complete(signal);
    if (stored.size !== size) {
      throw new SixfoldError(
        "data_loss",
        `${size} bytes were sent and ${stored.size} are stored; upload the file again`,
      );
    }
    await forget();
    return stored;
  } catch (error) {
    if (error instanceof SourceChanged) {
      await drop();
      return await putParts(gateways, source, head, header, options, store, pause, signal);
    }
    // What can be gone on with is kept; the rest would only wait for its end.
    if (name === undefined) await drop();
    throw error;
  }
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** The session that was left unfinished for the same bytes, if the cluster still has it; otherwise a new one. */
async function openOrResume(
  gateways: Gateways,
  header: SessionHeader,
  name: string | undefined,
  store: ResumeStore | undefined,
  signal: AbortSignal,
): Promise<SessionState & { readonly session: Session }> {
  const known = name === undefined ? undefined : await store?.get(name);
  if (known !== undefined) {
    const session = new Session(gateways, known);
    try {
      return { session, ...await session.look(signal) };
    } catch (error) {
      if (!(error instanceof SixfoldError) || error.code !== "not_found") throw error;
    }
  }
  const session = await Session.open(gateways, header, signal);
  if (name !== undefined) await store?.set(name, session.id);
  return { session, parts: [], file: undefined };
}

function metadataOf(named: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(named);
  for (const [name, value] of entries) {
    if (/^[a-z0-9-]{1,100}$/.test(name) && /^[\x20-\x7e]{0,1000}$/.test(value)) continue;
    const rule = "names are lower-case letters, digits and dashes, values are printable ASCII";
    throw new SixfoldError("invalid_argument", `metadata "${name}": ${rule}`);
  }
  return Object.fromEntries(entries.map(([name, value]) => [META + name, value]));
}
