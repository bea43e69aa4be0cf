/**
 * `npm run rebuild -- data/daemon-1 data/daemon-2 …`: what the disks say of the files, for when the database is lost and
 * there is no backup of it. It writes one line of JSON for each file and changes nothing: what a file was called and where
 * its bytes are is in the labels of its chunks, but whether it was deleted or replaced since, and its last bytes' true
 * number, was in the database alone. So it is a list for somebody to review.
 */
import { fromBinary } from "@bufbuild/protobuf";
import {
  type ChunkFileFooter,
  type ChunkFileHeader,
  decodeFooter,
  decodeHeader,
  PAGE,
} from "../shared/chunk_format.ts";
import { parseChunkId } from "../shared/chunk_id.ts";
import { ChunkLabelSchema } from "../shared/gen/sixfold/v1/storage_pb.ts";

/** A segment of a file, as its chunks tell of it. */
export interface FoundSegment {
  readonly number: number;
  /** Where it begins in the file. */
  readonly offset: number;
  readonly layout: string;
  /** The most bytes that it may have: the last stripe is filled up with zeros. */
  readonly atMost: number;
  /** The paths of the whole chunks that were found, by index. */
  readonly chunks: Readonly<Record<number, string>>;
  /** Whether they are enough to read it. */
  readonly readable: boolean;
}

/** A file, or what was on its way to be one. */
export interface FoundFile {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  /** The id of its upload; a later one of the same key is greater. */
  readonly uploadId: string;
  readonly segments: readonly FoundSegment[];
  /** Whether all segments that were found are readable, and begin where those before may end. */
  readonly readable: boolean;
}

/** What could be found, and what could not be read. */
export interface Found {
  readonly files: readonly FoundFile[];
  /** A sentence each. */
  readonly damaged: readonly string[];
}

interface Chunk extends Pick<ChunkFileHeader, "k" | "m" | "uploadId"> {
  readonly path: string;
  readonly segment: number;
  readonly index: number;
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly offset: number;
  readonly length: number;
}

const decoder = new TextDecoder();

/** Reads the first and the last page of every chunk below some data folders. */
export async function listFromDisks(folders: readonly string[]): Promise<Found> {
  const damaged: string[] = [];
  const uploads = new Map<string, Chunk[]>();
  for (const folder of folders) {
    for await (const path of filesBelow(`${folder}/chunks`)) {
      try {
        const chunk = await readChunk(path);
        uploads.set(chunk.uploadId, [...uploads.get(chunk.uploadId) ?? [], chunk]);
      } catch (error) {
        damaged.push(`${path}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  const files = [...uploads.values()].map(fileOf);
  files.sort((a, b) => compare(a.bucket, b.bucket) || compare(a.key, b.key) || compare(a.uploadId, b.uploadId));
  return { files, damaged };
}

function fileOf(chunks: readonly Chunk[]): FoundFile {
  const [first] = chunks;
  if (first === undefined) throw new Error("a file has chunks");
  const numbers = [...new Set(chunks.map(({ segment }) => segment))];
  const segments = numbers.map((number) => segmentOf(number, chunks.filter(({ segment }) => segment === number)))
    .sort((a, b) => a.offset - b.offset);
  let end = 0;
  let gapless = true;
  for (const { offset, atMost } of segments) {
    gapless &&= offset <= end;
    end = offset + atMost;
  }
  const { bucket, key, contentType, uploadId } = first;
  return { bucket, key, contentType, uploadId, segments, readable: gapless && segments.every((one) => one.readable) };
}

function segmentOf(number: number, chunks: readonly Chunk[]): FoundSegment {
  const [first] = chunks;
  if (first === undefined) throw new Error("a segment has chunks");
  const { k, m, offset } = first;
  const byIndex = Object.fromEntries(chunks.map(({ index, path }) => [index, path]));
  const readable = Object.keys(byIndex).length >= k;
  return { number, offset, layout: `${k}+${m}`, atMost: k * first.length, chunks: byIndex, readable };
}

async function readChunk(path: string): Promise<Chunk> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const header = decodeHeader(await pageAt(file, 0));
  const footer: ChunkFileFooter = decodeFooter(await pageAt(file, size - PAGE));
  const { segment, index } = parseChunkId(header.chunkId);
  const { k, m, uploadId } = header;
  const label = fromBinary(ChunkLabelSchema, header.label);
  const { bucket, contentType, segmentOffset } = label;
  const key = decoder.decode(label.key);
  const place = { path, segment, index, offset: Number(segmentOffset ?? 0n), length: footer.length };
  return { ...place, k, m, uploadId, bucket, key, contentType };
}

async function pageAt(file: Deno.FsFile, offset: number): Promise<Uint8Array> {
  if (offset < 0) throw new Error("it is too short for a chunk");
  await file.seek(offset, Deno.SeekMode.Start);
  const page = new Uint8Array(PAGE);
  for (let at = 0; at < PAGE;) {
    const count = await file.read(page.subarray(at));
    if (count === null) throw new Error("it ends too soon");
    at += count;
  }
  return page;
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

if (import.meta.main) {
  if (Deno.args.length === 0) {
    console.error("usage: npm run --silent rebuild -- <data folder of a daemon> …");
    Deno.exit(2);
  }
  const { files, damaged } = await listFromDisks(Deno.args);
  for (const file of files) console.log(JSON.stringify(file));
  for (const what of damaged) console.error(what);
  const readable = files.filter((file) => file.readable).length;
  console.error(`${files.length} files, ${readable} of them readable; ${damaged.length} chunks are damaged`);
}
