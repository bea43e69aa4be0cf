/** The names of chunks: `<writer uuid>.<segment>.<index>.<attempt>`, and where such a name lies on a disk. */
import { SixfoldError } from "./errors.ts";

/** The parts of a chunk's name. The writer is the upload, the repair or the move that sends the chunk. */
export interface ChunkId {
  /** A UUID in lower case. */
  readonly writer: string;
  /** The segment of the file, from 0. */
  readonly segment: number;
  /** The chunk in its layout, 0 to 5. */
  readonly index: number;
  /** Counts the tries of one writer, from 0. */
  readonly attempt: number;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const CHUNK_ID =
  /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(0|[1-9]\d{0,9})\.([0-5])\.(0|[1-9]\d{0,9})$/;
const MAX_UINT32 = 0xffff_ffff;

/** Whether a text is a UUID in lower case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Whether a text is a chunk id in its one spelling. Only such a text may become a file name. */
export function isChunkId(text: string): boolean {
  const match = CHUNK_ID.exec(text);
  return match !== null && Number(match[2]) <= MAX_UINT32 && Number(match[4]) <= MAX_UINT32;
}

/**
 * Reads a chunk id.
 * @throws SixfoldError `invalid_argument` when it is not in its one spelling
 */
export function parseChunkId(text: string): ChunkId {
  const [, writer = "", segment, index, attempt] = CHUNK_ID.exec(text) ?? [];
  if (!isChunkId(text)) {
    throw new SixfoldError("invalid_argument", "a chunk id is <uuid>.<segment>.<index 0-5>.<attempt>, in lower case");
  }
  return { writer, segment: Number(segment), index: Number(index), attempt: Number(attempt) };
}

/** Writes a chunk id. */
export function formatChunkId({ writer, segment, index, attempt }: ChunkId): string {
  return `${writer}.${segment}.${index}.${attempt}`;
}

/** The folder of a chunk below `chunks/`: the last four hex digits of its writer, which are random. */
export function chunkFolder(text: string): string {
  const { writer } = parseChunkId(text);
  return `${writer.slice(32, 34)}/${writer.slice(34, 36)}`;
}

/** When whoever wrote a chunk has begun to, in ms since 1970: its UUID says so. */
export function writtenFrom(text: string): number {
  return Number.parseInt(parseChunkId(text).writer.replace("-", "").slice(0, 12), 16);
}

/**
 * The 16 bytes of a UUID.
 * @throws SixfoldError `invalid_argument`
 */
export function uuidToBytes(uuid: string): Uint8Array {
  if (!isUuid(uuid)) throw new SixfoldError("invalid_argument", "this is not a UUID in lower case");
  const hex = uuid.replaceAll("-", "");
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16));
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The UUID that 16 bytes spell. */
export function uuidFromBytes(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += HEX[byte];
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

/** A new UUID of version 7 (RFC 9562): 48 bits of milliseconds, then random bits. */
export function newUuid(now = Date.now()): string {
  const bytes = randomBytes();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  let random = "";
  for (let i = 6; i < 16; i++) random += (i === 8 || i === 10 ? "-" : "") + HEX[bytes[i] ?? 0];
  const time = now.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-${random}`;
}

/** Random bytes are asked for by the thousand: to ask takes longer than to have them made. */
const reserve = new Uint8Array(4096);
let used = reserve.length;

/** 16 bytes, for now. */
function randomBytes(): Uint8Array {
  if (used === reserve.length) {
    crypto.getRandomValues(reserve);
    used = 0;
  }
  used += 16;
  return reserve.subarray(used - 16, used);
}
