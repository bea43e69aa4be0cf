import { expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { connect } from "node:net";
import { SixfoldError } from "../shared/errors.ts";
import { PutChunkRequestSchema, StorageService } from "../shared/gen/sixfold/v1/storage_pb.ts";
import { openDoors } from "./server.ts";

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const END_STREAM = 1;
const END_HEADERS = 4;

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(kind: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kind;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Header fields as literals without indexing (RFC 7541, 6.2.2). */
function fields(entries: readonly (readonly [string, string])[]): Uint8Array {
  const text = (value: string) => [Buffer.from([value.length]), Buffer.from(value)];
  return Buffer.concat(entries.flatMap(([name, value]) => [Buffer.from([0]), ...text(name), ...text(value)]));
}

/** The kinds of frames in what was received. */
function* kinds(received: Buffer): Generator<number> {
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) yield received[at + 3] ?? 0;
}

/** A caller of the door of native gRPC that writes its frames itself. */
async function openCaller(putChunk: (requests: AsyncIterable<unknown>) => Promise<Record<string, never>>) {
  const doors = await openDoors({
    host: "127.0.0.1",
    grpcPort: 0,
    httpPort: 0,
    certificate: undefined,
    interceptors: [],
    routes: (router) => router.service(StorageService, { putChunk }),
    lane: () => undefined,
    grpcLane: () => false,
    admin: () => Promise.resolve(new Response()),
  });
  const socket = connect(doors.grpcPort, "127.0.0.1");
  let received: Buffer = Buffer.alloc(0);
  socket.on("data", (bytes) => void (received = Buffer.concat([received, bytes])));
  const ended = new Promise<void>((resolve) => socket.on("end", resolve));
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(SETTINGS, 0, 0));
  const head = fields([
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "daemon"],
    [":path", `/${StorageService.typeName}/PutChunk`],
    ["content-type", "application/grpc+proto"],
    ["te", "trailers"],
  ]);
  return {
    doors,
    socket,
    ended,
    callWithNothing(stream: number): void {
      socket.write(frame(HEADERS, END_HEADERS, stream, head));
      socket.write(frame(DATA, END_STREAM, stream));
    },
    begin(stream: number): void {
      socket.write(frame(HEADERS, END_HEADERS, stream, head));
      const message = toBinary(PutChunkRequestSchema, create(PutChunkRequestSchema));
      const envelope = Buffer.alloc(5);
      envelope.writeUInt32BE(message.length, 1);
      socket.write(frame(DATA, 0, stream, Buffer.concat([envelope, message])));
    },
    heard: () => [...kinds(received)],
    async hear(kind: number): Promise<void> {
      for (const until = Date.now() + 20_000; !this.heard().includes(kind);) {
        expect(Date.now()).toBeLessThan(until);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

// The first of its process: what is loaded for a call must not cost the call its end.
test("a call without a body is answered, also the very first", async () => {
  const caller = await openCaller(async (requests) => {
    expect(await Array.fromAsync(requests)).toEqual([]);
    return {};
  });
  caller.callWithNothing(1);
  await caller.hear(HEADERS);
  const closed = caller.doors.close(30_000);
  caller.socket.end();
  await closed;
}, 30_000);

test("a call that was refused ends, though its caller sends neither more nor an end", async () => {
  const caller = await openCaller(async (requests) => {
    const reader = requests[Symbol.asyncIterator]();
    await reader.next();
    reader.next().catch(() => {});
    throw new SixfoldError("resource_exhausted", "no room");
  });
  caller.begin(1);
  // More than the daemon takes in without reading.
  for (let i = 0; i < 3; i++) caller.socket.write(frame(DATA, 0, 1, new Uint8Array(16_000)));
  await caller.hear(RST_STREAM);
  expect(caller.heard().filter((kind) => kind === HEADERS).length).toBeGreaterThan(0);
  const closed = caller.doors.close(30_000);
  caller.socket.end();
  await closed;
}, 30_000);

test(
  "who stops says so to each call that comes too late, and never GOAWAY, which some gateways do not survive",
  async () => {
    let answer = () => {};
    let began = () => {};
    const begun = new Promise<void>((resolve) => began = resolve);
    const caller = await openCaller(async () => {
      began();
      await new Promise<void>((resolve) => answer = resolve);
      return {};
    });
    caller.begin(1);
    await begun;
    const closed = caller.doors.close(30_000);
    caller.begin(3);
    await caller.hear(RST_STREAM);
    expect(caller.heard()).not.toContain(HEADERS);
    answer();
    await caller.hear(HEADERS);
    await caller.ended;
    await closed;
    expect(caller.heard()).not.toContain(GOAWAY);
  },
  30_000,
);
