import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdtemp, open, readdir, readFile, readlink, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlockChecksums, blockSeed, xxh64 } from "../shared/checksum.ts";
import { chunkFolder, newUuid, uuidToBytes } from "../shared/chunk_id.ts";
import type { ChunkFileHeader } from "../shared/chunk_format.ts";
import { type DecodedBlock, FrameDecoder } from "../shared/frame_codec.ts";
import { decodePutStep, putBlockPrefix } from "../shared/grpc_web.ts";
import { ChunkStore, type EndMark } from "./chunk_store.ts";
import { DataFolder } from "./data_folder.ts";
import { DiskSpace } from "./disk_space.ts";
import { Landing } from "./landing.ts";

const BLOCK = 8192;
let path: string;
let folder: DataFolder;
let store: ChunkStore;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "sixfold store-"));
  folder = await DataFolder.open(path);
  store = new ChunkStore(folder, new DiskSpace(path, 0));
});
afterEach(async () => {
  await folder.close();
  await rm(path, { recursive: true });
});

function header(writer = newUuid(), blockSize = BLOCK): ChunkFileHeader {
  const label = new TextEncoder().encode("label");
  return { chunkId: `${writer}.0.2.0`, uploadId: writer, k: 4, m: 2, blockSize, label };
}

function data(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
}

type Change = (block: DecodedBlock) => DecodedBlock;

async function* blocks(
  of: ChunkFileHeader,
  bytes: Uint8Array,
  change: Change = (block) => block,
  end: Partial<EndMark> = {},
): AsyncGenerator<DecodedBlock, EndMark> {
  const sums = new BlockChecksums();
  for (let number = 0; number * of.blockSize < bytes.length; number++) {
    const piece = bytes.subarray(number * of.blockSize, (number + 1) * of.blockSize);
    const sum = xxh64(piece, blockSeed(uuidToBytes(of.uploadId), 0, 2, number));
    sums.add(sum);
    yield change({ number, xxh64: sum, data: piece });
  }
  return { length: bytes.length, blockChecksums: sums.digest(), ...end };
}

const filePath = (id: string) => join(path, "chunks", chunkFolder(id), id);
const code = (promise: Promise<unknown>) => promise.then(() => "fine", (error) => error.detail ?? error.code);

async function read(id: string): Promise<Uint8Array> {
  const reader = await store.open(id);
  try {
    const all: Uint8Array[] = [];
    for (let i = 0; i < reader.footer.blocks; i++) all.push((await reader.block(i)).data);
    return Buffer.concat(all);
  } finally {
    await reader.close();
  }
}

async function put(bytes: Uint8Array, of = header()): Promise<string> {
  await store.put(of, bytes.length, blocks(of, bytes));
  return of.chunkId;
}

test("blocks that land in the writer's own memory, cut anywhere, are the same on the disk", async () => {
  for (const length of [1, 100, BLOCK, 5 * BLOCK + 77, 400 * BLOCK + 1]) {
    const of = header();
    const landing = new Landing();
    let placed = 0;
    const decoder = new FrameDecoder(1 << 20, (wanted) => {
      const room = landing.room(wanted);
      if (room !== undefined) placed++;
      return room;
    });
    const stream = async function* (): AsyncGenerator<DecodedBlock, EndMark> {
      const source = blocks(of, data(length));
      let step = await source.next();
      for (; !step.done; step = await source.next()) {
        const { number = 0, xxh64: sum = 0n, data } = step.value;
        const message = Buffer.concat([putBlockPrefix(number, sum, data.length), data]);
        for (const piece of [message.subarray(0, 1 + number % 40), message.subarray(1 + number % 40)]) {
          for (const frame of decoder.frames(piece)) {
            const put = decodePutStep(frame.data);
            if (put.case === "block") yield put.value;
          }
        }
      }
      return step.value;
    };
    const written = await store.put(of, undefined, stream(), landing);
    expect(Buffer.from(written.sha256)).toEqual(createHash("sha256").update(data(length)).digest());
    expect(Buffer.compare(await read(of.chunkId), data(length))).toBe(0);
    if (length > 100 * BLOCK) expect(placed).toBeGreaterThan(4);
    expect(landing.room(BLOCK)).toBeUndefined();
  }
});

test("chunks of every size come back, with length and SHA-256", async () => {
  for (const length of [1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 5 * BLOCK + 77]) {
    const of = header();
    const written = await store.put(of, undefined, blocks(of, data(length)));
    expect(written.length).toBe(length);
    expect(Buffer.from(written.sha256)).toEqual(createHash("sha256").update(data(length)).digest());
    expect(Buffer.from(await read(of.chunkId))).toEqual(Buffer.from(data(length)));
  }
  const large = header(newUuid(), 1024 * 1024);
  await put(data(3_000_000), large);
  expect(Buffer.from(await read(large.chunkId)).equals(Buffer.from(data(3_000_000)))).toBe(true);
  expect(await readdir(folder.tmp)).toEqual([]);
});

test("any range of a large or a small chunk's file is read as it lies there; behind a cut it is not", async () => {
  for (const length of [100_000, 9 * 1024 * 1024 + 77]) {
    const id = await put(data(length), header(newUuid(), 1024 * 1024));
    const file = await readFile(filePath(id));
    const reader = await store.open(id);
    for (const [from, size] of [[0, 5000], [4096, 8192], [4123, 50_001], [file.length - 4097, 4097]] as const) {
      const found = await reader.frames(from, size, new Uint8Array(1024 * 1024));
      expect(Buffer.compare(found, file.subarray(from, from + size))).toBe(0);
    }
    await truncate(filePath(id), 50_000);
    expect(await code(reader.frames(4096, 90_000, new Uint8Array(1024 * 1024)))).toBe("data_loss");
    await reader.close();
  }
});

test.skipIf(process.platform !== "linux")("who only verifies a large chunk opens its file once", async () => {
  const id = await put(data(9 * 1024 * 1024), header(newUuid(), 1024 * 1024));
  const opened = async () => {
    const targets = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
    return (await Promise.all(targets)).filter((target) => target === filePath(id)).length;
  };
  const reader = await store.open(id);
  await reader.block(8);
  expect(await opened()).toBe(1);
  await reader.frames(4096, 8192, new Uint8Array(1024 * 1024));
  await reader.close();
  expect(await opened()).toBe(0);
});

test("an id is used once, also while it is being written", async () => {
  const of = header();
  const both = [1, 2].map(() => code(store.put(of, 1, blocks(of, data(9)))));
  expect((await Promise.all(both)).sort()).toEqual(["already_exists", "fine"]);
  expect(await code(store.put(of, 1, blocks(of, data(10))))).toBe("already_exists");
  expect((await read(of.chunkId)).length).toBe(9);
});

test("what a sender gets wrong is refused and leaves nothing", async () => {
  const bytes = data(3 * BLOCK);
  const wrong: [Change | undefined, Partial<EndMark>, string][] = [
    [(block) => ({ ...block, xxh64: 1n }), {}, "CHECKSUM_MISMATCH"],
    [(block) => ({ ...block, number: 5 }), {}, "invalid_argument"],
    [(block) => ({ ...block, xxh64: undefined, data: block.data.subarray(1) }), {}, "invalid_argument"],
    [(block) => ({ ...block, xxh64: undefined, data: new Uint8Array(BLOCK + 1) }), {}, "invalid_argument"],
    [undefined, { length: 3 }, "CHECKSUM_MISMATCH"],
    [undefined, { blockChecksums: 3n }, "CHECKSUM_MISMATCH"],
  ];
  for (const [change, end, expected] of wrong) {
    const of = header();
    expect(await code(store.put(of, undefined, blocks(of, bytes, change, end)))).toBe(expected);
    expect(await code(store.open(of.chunkId))).toBe("not_found");
  }
  const empty = header();
  expect(await code(store.put(empty, 0, blocks(empty, data(0))))).toBe("invalid_argument");
  expect(await readdir(folder.tmp)).toEqual([]);
});

test("a flipped bit anywhere is never handed on", async () => {
  const id = await put(data(2 * BLOCK + 5));
  const handle = await open(filePath(id), "r+");
  const { size } = await handle.stat();
  const byte = new Uint8Array(1);
  // The zeros between the end frame and the footer say nothing, and the end frame is not read back here.
  for (let at = 0; at < size; at += 509) {
    if (at > 4096 + 2 * BLOCK + 60 && at < size - 4096) continue;
    await handle.read(byte, 0, 1, at);
    await handle.write(Uint8Array.of((byte[0] ?? 0) ^ 4), 0, 1, at);
    expect([at, await code(read(id))]).toEqual([at, "data_loss"]);
    await handle.write(byte, 0, 1, at);
  }
  await handle.close();
  expect(await code(read(id))).toBe("fine");
});

test("damage is named by block, and the good blocks go on serving", async () => {
  const id = await put(data(3 * BLOCK));
  const handle = await open(filePath(id), "r+");
  await handle.write(Uint8Array.of(1, 2, 3), 0, 3, 4096 + BLOCK + 1000);
  await handle.close();
  const reader = await store.open(id);
  expect([await code(reader.block(0)), await code(reader.block(1)), await code(reader.block(2))])
    .toEqual(["fine", "data_loss", "fine"]);
  expect(await code(reader.block(3))).toBe("out_of_range");
  await reader.close();
  const { intact, badBlocks } = await store.verify(id);
  expect([intact, badBlocks]).toEqual([false, [1]]);
});

test("a cut, empty, extended, swapped or missing file is seen at open", async () => {
  const [a, b] = [await put(data(9000)), await put(data(9000))];
  expect((await store.verify(a)).intact).toBe(true);
  for (const length of [0, 100, 4096, 8192, 20_000]) {
    const id = await put(data(9000));
    await truncate(filePath(id), length);
    expect([length, await code(store.open(id))]).toEqual([length, "data_loss"]);
  }
  await copyFile(filePath(a), filePath(b));
  expect(await code(store.open(b))).toBe("data_loss");
  expect(await code(store.open(header().chunkId))).toBe("not_found");
});

test("removing is idempotent, and what is not there is no error", async () => {
  const id = await put(data(10));
  expect([await store.remove(id), await store.remove(id)]).toEqual([true, false]);
  expect(await code(store.open(id))).toBe("not_found");
  expect(await code(store.remove("../../etc/passwd"))).toBe("invalid_argument");
});

test("ids are listed by page and by prefix, and strangers in the folders are not", async () => {
  const writer = newUuid();
  const ids = new Set<string>();
  for (let i = 0; i < 7; i++) ids.add(await put(data(5)));
  ids.add(await put(data(5), header(writer)));
  await writeFile(filePath(`${writer}.0.2.0`) + ".stranger", "x");
  const found: string[] = [];
  let next = "";
  do {
    const page = await store.list("", next, 3);
    found.push(...page.ids);
    next = page.next;
  } while (next !== "");
  expect(new Set(found)).toEqual(ids);
  expect(found.length).toBe(8);
  expect((await store.list(writer, "", 10)).ids).toEqual([`${writer}.0.2.0`]);
  const last = chunkFolder(found[4] ?? "");
  const upTo = await store.list("", "", 10, last);
  expect(upTo).toEqual({ ids: found.filter((id) => chunkFolder(id) <= last), next: "" });
});

test("a second daemon on the folder is refused, and its start sweeps what was half written", async () => {
  await writeFile(join(folder.tmp, "half"), "x");
  expect(await code(DataFolder.open(path))).toBe("failed_precondition");
  const { serverId } = await folder.identity();
  await put(data(5));
  await folder.close();
  folder = await DataFolder.open(path);
  expect(await readdir(folder.tmp)).toEqual([]);
  expect((await folder.identity()).serverId).toBe(serverId);
  await rm(join(path, "server.json"));
  expect(await code(folder.identity())).toBe("failed_precondition");
});

test("a write that would touch the reserve is refused with DISK_FULL", async () => {
  const careful = new ChunkStore(folder, new DiskSpace(path, 2 ** 60));
  const of = header();
  expect(await code(careful.put(of, 1, blocks(of, data(10))))).toBe("DISK_FULL");
  expect(await readdir(folder.tmp)).toEqual([]);
});

const canMount = process.getuid?.() === 0 && process.platform === "linux";
const unless = canMount ? "" : " (left out: mounting a small disk takes root)";

test.if(canMount)(
  `a full disk is DISK_FULL, leaves no temporary file, and reads and deletes go on${unless}`,
  async () => {
    const small = await mkdtemp(join(tmpdir(), "sixfold-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", small]);
    try {
      const tiny = await DataFolder.open(small);
      // The reserve is 0 and the writes begin where there is room, so the kernel itself has to say that it is full.
      const blind = new DiskSpace(small, -(2 ** 40));
      const full = new ChunkStore(tiny, blind);
      const kept = header();
      await full.put(kept, 1, blocks(kept, data(1_000_000)));
      const of = header(newUuid(), 1024 * 1024);
      expect(await code(full.put(of, 1, blocks(of, data(6_000_000))))).toBe("DISK_FULL");
      expect(await readdir(tiny.tmp)).toEqual([]);
      expect((await full.verify(kept.chunkId)).intact).toBe(true);
      expect(await full.remove(kept.chunkId)).toBe(true);
      await tiny.close();
    } finally {
      execFileSync("umount", [small]);
      await rm(small, { recursive: true });
    }
  },
);
