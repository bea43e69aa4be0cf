/** What can be uploaded, as one thing: bytes that are taken by place, or one after another. */
import { SixfoldError } from "../shared/errors.ts";
import { blobInOrder, inOrder } from "./in_order.ts";
import { PartMemory } from "./part_memory.ts";
import { builtin } from "./runtime.ts";
import { diskFailure } from "./save.ts";

/** What `upload` takes. A path is of Node, Bun and Deno alone. */
export type UploadSource =
  | Blob
  | Uint8Array<ArrayBuffer>
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | { readonly path: string };

/** Bytes to upload. */
export interface Source {
  /** Undefined where it shows only at the end. */
  readonly size: number | undefined;
  readonly contentType: string | undefined;
  /** The same text means the same bytes, as far as can be told without reading them; undefined where nothing can. */
  fingerprint(): Promise<string | undefined>;
  /**
   * Takes bytes; fewer than asked for only at the end. Where nothing is the same text, they are taken in order.
   * The bytes stay as they are until they are let go of.
   */
  take(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes that the runtime reads by itself while it sends them: a page then holds each part only to hash it. */
  slice?(offset: number, length: number): Blob;
  /** Lets go of bytes that were taken, once nobody reads them any more: their memory is used again. */
  give?(bytes: Uint8Array<ArrayBuffer>): void;
  close(): Promise<void>;
}

/** Opens a source. @throws SixfoldError when a path cannot be read */
export async function openSource(from: UploadSource): Promise<Source> {
  if (from instanceof Uint8Array) return ofBytes(from);
  if (from instanceof Blob) return ofBlob(from);
  if ("path" in from) return await ofPath(from.path);
  return ofStream(from);
}

const isBrowser = builtin("node:fs/promises") === undefined;
const nothing = () => Promise.resolve();
const unknown = () => Promise.resolve(undefined);

function ofBytes(bytes: Uint8Array<ArrayBuffer>): Source {
  const take = (offset: number, length: number) => Promise.resolve(bytes.subarray(offset, offset + length));
  return { size: bytes.length, contentType: undefined, fingerprint: unknown, take, close: nothing };
}

function ofBlob(blob: Blob): Source {
  const print = blob instanceof File && blob.lastModified > 0
    ? JSON.stringify([blob.name, blob.size, blob.lastModified])
    : undefined;
  const memory = new PartMemory();
  let at = 0;
  let open = blobInOrder(blob);
  return {
    size: blob.size,
    contentType: blob.type || undefined,
    fingerprint: () => Promise.resolve(print),
    ...(isBrowser ? { slice: (offset: number, length: number) => blob.slice(offset, offset + length) } : {}),
    give: (bytes) => memory.give(bytes),
    async take(offset, length) {
      if (offset !== at) {
        await open.close();
        open = blobInOrder(blob.slice(offset));
      }
      const bytes = await open.fill(memory.take(length));
      at = offset + bytes.length;
      return bytes;
    },
    close: () => open.close(),
  };
}

async function ofPath(path: string): Promise<Source> {
  const fs = builtin("node:fs/promises");
  if (fs === undefined) throw new SixfoldError("unimplemented", "a browser reads no paths; give a File");
  try {
    const file = await fs.open(path, "r");
    const state = await file.stat();
    if (!state.isFile()) {
      await file.close();
      throw new SixfoldError("invalid_argument", `${path} is no file; name files, or copy a folder with cp -r or sync`);
    }
    const memory = new PartMemory();
    return {
      size: state.size,
      contentType: undefined,
      async fingerprint() {
        const real = await fs.realpath(path).catch((error) => {
          throw diskFailure(error, path);
        });
        return JSON.stringify([real, state.size, state.mtimeMs]);
      },
      give: (bytes) => memory.give(bytes),
      async take(offset, length) {
        const bytes = memory.take(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      },
      close: () => file.close(),
    };
  } catch (error) {
    throw diskFailure(error, path);
  }
}

function ofStream(stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): Source {
  const bytes = inOrder(stream);
  const memory = new PartMemory();
  return {
    size: undefined,
    contentType: undefined,
    fingerprint: unknown,
    give: (bytes) => memory.give(bytes),
    take: (_offset, length) => bytes.fill(memory.take(length)),
    close: () => bytes.close(),
  };
}
