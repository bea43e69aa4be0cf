import { afterEach, beforeEach, expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlockChecksums, blockSeed, xxh64 } from "../shared/checksum.ts";
import { chunkFolder, newUuid, uuidToBytes } from "../shared/chunk_id.ts";
import { END_FRAME, endFrameOffset, PAGE } from "../shared/chunk_format.ts";
import { FrameDecoder } from "../shared/frame_codec.ts";
import { GetChunkRequestSchema } from "../shared/gen/sixfold/v1/storage_pb.ts";
import { encodeMessage, errorOfTrailers, GRPC_WEB, parseTrailers } from "../shared/grpc_web.ts";
import { createLogger } from "../shared/logger.ts";
import { createCallLimits } from "./call_limits.ts";
import { GET_CHUNK } from "./chunk_frames.ts";
import { createLane } from "./chunk_lane.ts";
import { ChunkStore } from "./chunk_store.ts";
import { DatabaseMemory } from "./database_memory.ts";
import { DataFolder } from "./data_folder.ts";
import { DiskSpace } from "./disk_space.ts";
import { type Doors, openDoors } from "./server.ts";
import { Standing } from "./standing.ts";

const MIB = 1024 * 1024;
/** More than kernels hold for a connection, and less than goes past the page cache. */
const LENGTH = 7 * MIB + 77;
const onLinux = test.skipIf(process.platform !== "linux");

let path: string;
let folder: DataFolder;
let store: ChunkStore;
let doors: Doors;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "sixfold lane-"));
  folder = await DataFolder.open(path);
  const space = new DiskSpace(path, 0);
  store = new ChunkStore(folder, space);
  const parts = {
    store,
    space,
    serverId: "server",
    incarnation: "incarnation",
    version: "version",
    standing: new Standing(1000, () => Promise.resolve()),
    memory: new DatabaseMemory({ generation: 0, beat: 0 }),
    scrubbed: { chunks: 0, bytes: 0, damaged: 0, behindSeconds: 0, progress: undefined },
    isDraining: () => false,
    calls: createCallLimits(new AbortController().signal),
  };
  doors = await openDoors({
    host: "127.0.0.1",
    grpcPort: 0,
    httpPort: 0,
    certificate: undefined,
    interceptors: [],
    routes: () => {},
    lane: createLane(parts, () => {}, false, createLogger("error", () => {})),
    grpcLane: () => false,
    admin: () => Promise.resolve(new Response()),
  });
});
afterEach(async () => {
  await doors.close(0);
  await folder.close();
  await rm(path, { recursive: true });
});

const filePath = (id: string) => join(path, "chunks", chunkFolder(id), id);

/** Stores a chunk. @returns its id, and what an answer with all of it is */
async function put(): Promise<{ chunkId: string; frames: Uint8Array }> {
  const uploadId = newUuid();
  const chunkId = `${uploadId}.0.2.0`;
  const data = new Uint8Array(LENGTH);
  for (let at = 0; at < data.length; at += 65_536) crypto.getRandomValues(data.subarray(at, at + 65_536));
  const header = { chunkId, uploadId, k: 4, m: 2, blockSize: MIB, label: new Uint8Array() };
  await store.put(
    header,
    LENGTH,
    async function* () {
      const sums = new BlockChecksums();
      for (let number = 0; number * MIB < LENGTH; number++) {
        const block = data.subarray(number * MIB, (number + 1) * MIB);
        const sum = xxh64(block, blockSeed(uuidToBytes(uploadId), 0, 2, number));
        sums.add(sum);
        yield { number, xxh64: sum, data: block };
      }
      return { length: LENGTH, blockChecksums: sums.digest() };
    }(),
  );
  const file = await readFile(filePath(chunkId));
  return { chunkId, frames: file.subarray(PAGE, endFrameOffset(LENGTH, MIB) + END_FRAME.length) };
}

function message(chunkId: string): Uint8Array<ArrayBuffer> {
  return encodeMessage(toBinary(GetChunkRequestSchema, create(GetChunkRequestSchema, { chunkId })));
}

async function get(chunkId: string): Promise<Uint8Array> {
  const address = `http://127.0.0.1:${doors.httpPort}${GET_CHUNK}`;
  const headers = { "content-type": GRPC_WEB };
  const response = await fetch(address, { method: "POST", headers, body: message(chunkId) });
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}

/** A caller that asks for a chunk, and takes the first bytes of it. */
async function ask(chunkId: string): Promise<Socket> {
  const socket = connect(doors.httpPort, "127.0.0.1");
  const body = message(chunkId);
  socket.write(
    `POST ${GET_CHUNK} HTTP/1.1\r\nhost: x\r\ncontent-type: ${GRPC_WEB}\r\ncontent-length: ${body.length}\r\n\r\n`,
  );
  socket.write(body);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  return socket;
}

/** How many files of this process are the one of a chunk. */
async function openFiles(chunkId: string): Promise<number> {
  const all = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(all)).filter((target) => target.startsWith(filePath(chunkId))).length;
}

async function untilOpen(chunkId: string, count: number): Promise<void> {
  for (const until = Date.now() + 20_000; await openFiles(chunkId) !== count;) {
    expect(Date.now()).toBeLessThan(until);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

onLinux("who leaves in the middle of an answer, or has it all, lets go of the file", async () => {
  const { chunkId, frames } = await put();
  // What was read a moment ago is sent by the kernel.
  await get(chunkId);
  const callers = await Promise.all(Array.from({ length: 20 }, () => ask(chunkId)));
  // One is the store's own; each answer that is under way has another.
  expect(await openFiles(chunkId)).toBe(21);
  for (const caller of callers) caller.destroy();
  await untilOpen(chunkId, 1);
  for (let i = 0; i < 5; i++) expect(Buffer.compare(await get(chunkId), frames)).toBe(0);
  await untilOpen(chunkId, 1);
  await store.remove(chunkId);
  await untilOpen(chunkId, 0);
}, 30_000);

onLinux("whatever becomes of a chunk's name, what is sent is what was checked", async () => {
  const other = await put();
  const outcomes = new Set<string>();
  for (let round = 0; round < 24; round++) {
    const { chunkId, frames } = await put();
    await get(chunkId);
    const asking = Array.from({ length: 4 }, () => get(chunkId));
    await new Promise((resolve) => setTimeout(resolve, round % 8));
    if (round % 3 === 0) await store.remove(chunkId);
    else if (round % 3 === 1) await store.setAside(chunkId);
    else {
      await writeFile(`${path}/other`, await readFile(filePath(other.chunkId)));
      await rename(`${path}/other`, filePath(chunkId));
    }
    for (const answer of await Promise.all(asking)) {
      if (answer.length === frames.length) {
        expect(Buffer.compare(answer, frames)).toBe(0);
        outcomes.add("sent");
      } else {
        const [end] = new FrameDecoder(MIB).push(answer);
        outcomes.add(errorOfTrailers(parseTrailers(end?.data ?? new Uint8Array()))?.code ?? "broken");
      }
    }
    await store.remove(chunkId);
    await untilOpen(chunkId, 0);
  }
  outcomes.delete("sent");
  outcomes.delete("not_found");
  outcomes.delete("data_loss");
  expect([...outcomes]).toEqual([]);
}, 120_000);
