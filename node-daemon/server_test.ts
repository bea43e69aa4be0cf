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

test("a call that was refused ends, though its caller sends neither more nor an end", async () => {
  const doors = await openDoors({
    host: "127.0.0.1",
    grpcPort: 0,
    httpPort: 0,
    interceptors: [],
    routes: (router) =>
      router.service(StorageService, {
        async putChunk(requests) {
          const reader = requests[Symbol.asyncIterator]();
          await reader.next();
          reader.next().catch(() => {});
          throw new SixfoldError("resource_exhausted", "no room");
        },
      }),
    lane: () => undefined,
    grpcLane: () => false,
    admin: () => Promise.resolve(new Response()),
  });
  const socket = connect(doors.grpcPort, "127.0.0.1");
  let received: Buffer = Buffer.alloc(0);
  socket.on("data", (bytes) => void (received = Buffer.concat([received, bytes])));
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
  socket.write(frame(HEADERS, END_HEADERS, 1, head));
  const message = toBinary(PutChunkRequestSchema, create(PutChunkRequestSchema));
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(message.length, 1);
  socket.write(frame(DATA, 0, 1, Buffer.concat([envelope, message])));
  // More than the daemon takes in without reading.
  for (let i = 0; i < 3; i++) socket.write(frame(DATA, 0, 1, new Uint8Array(16_000)));
  for (const until = Date.now() + 10_000; ![...kinds(received)].includes(RST_STREAM);) {
    expect(Date.now()).toBeLessThan(until);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect([...kinds(received)].filter((kind) => kind === HEADERS).length).toBeGreaterThan(0);
  const closed = doors.close(30_000);
  socket.end();
  await closed;
}, 20_000);
