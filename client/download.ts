/** Reads a file, verified. */
import { SixfoldError } from "../shared/errors.ts";
import { filePath } from "./address.ts";
import { callRpc, type Gateways } from "./gateways.ts";
import { openFile, readBytes } from "./read_file.ts";
import { saveTo } from "./save.ts";
import { partsOfJson } from "./session.ts";
import type { StoredFile } from "./stored_file.ts";
import { type Part, verifyParts } from "./verify.ts";

/** How to read. */
export interface DownloadOptions {
  /** The first byte, and how many; without a length, to the end. A range is not verified against the file's digest. */
  readonly range?: { readonly offset: number; readonly length?: number };
  /** Only this version of the file; another one is `aborted`. */
  readonly id?: string;
  readonly signal?: AbortSignal;
  /** `false` leaves out the comparison with the digest. */
  readonly verify?: boolean;
}

/** A file that is being read. Take its bytes once, by one of its methods. */
export class Download {
  #taken = false;

  constructor(
    /** What is read. */
    readonly file: StoredFile,
    /** How many bytes come. */
    readonly length: number,
    readonly verified: boolean,
    readonly pieces: AsyncGenerator<Uint8Array<ArrayBuffer>>,
  ) {}

  /** The bytes as a stream that asks for them as they are read; it errors when they are not what was stored. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#take();
    const { pieces } = this;
    return new ReadableStream({
      async pull(controller) {
        const step = await pieces.next();
        if (step.done) controller.close();
        else controller.enqueue(step.value);
      },
      cancel: async () => void await pieces.return(undefined),
    }, { highWaterMark: 0 });
  }

  /** All bytes in memory. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    this.#take();
    const all = new Uint8Array(this.length);
    let at = 0;
    for await (const piece of this.pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  /** All bytes as text in UTF-8. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** All bytes as a Blob, which browsers keep on disk where it is large. */
  async blob(): Promise<Blob> {
    return await new Response(this.stream(), { headers: { "content-type": this.file.contentType } }).blob();
  }

  /**
   * Writes the bytes to a path: beside it first, and under its name once they are verified. Not in browsers.
   * @throws SixfoldError when the path cannot be written; `data_loss` leaves nothing
   */
  async saveTo(path: string, onProgress?: (bytes: number) => void): Promise<void> {
    this.#take();
    await saveTo(path, this.pieces, onProgress);
  }

  #take(): void {
    if (this.#taken) {
      throw new SixfoldError("failed_precondition", "the bytes of a download are taken once; ask for it again");
    }
    this.#taken = true;
  }
}

/** Asks for a file. @throws SixfoldError `not_found`, `out_of_range`, … */
export async function download(
  gateways: Gateways,
  bucket: string,
  key: string,
  { range, id, signal = new AbortController().signal, verify = true }: DownloadOptions = {},
): Promise<Download> {
  const request = {
    path: filePath(bucket, key),
    bucket,
    key,
    offset: range?.offset ?? 0,
    length: range?.length,
    id,
  };
  const opened = await openFile(gateways, request, signal);
  const { file, length } = opened;
  const bytes = readBytes(gateways, request, opened, signal);
  if (!verify || length < file.size) return new Download(file, length, false, bytes);
  const parts = file.sha256 === undefined
    ? await listParts(gateways, file, signal)
    : [{ offset: 0, length, sha256: file.sha256 }];
  return new Download(file, length, true, verifyParts(bytes, parts));
}

/** The pieces of a file that was sent in parts. @throws SixfoldError `aborted` when the file was replaced meanwhile */
async function listParts(gateways: Gateways, { id, size }: StoredFile, signal: AbortSignal): Promise<Part[]> {
  const parts: Part[] = [];
  for (let from: unknown = "0"; from !== undefined;) {
    const page = await callRpc(gateways, "FileService/ListParts", { fileId: id, fromOffset: from }, { signal });
    parts.push(...partsOfJson(page["parts"]));
    from = page["nextOffset"];
  }
  if (parts.reduce((at, { offset, length }) => (offset === at ? at + length : NaN), 0) === size) return parts;
  throw new SixfoldError("aborted", "the file was replaced while it was read; read it again");
}
