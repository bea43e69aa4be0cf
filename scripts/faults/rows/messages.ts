/** Messages that no honest client would send, and callers who have no business here. */
import { gzipSync } from "node:zlib";
import { ClusterService } from "../../../shared/gen/sixfold/v1/cluster_pb.ts";
import { FileService } from "../../../shared/gen/sixfold/v1/files_pb.ts";
import { StorageService } from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import { ask } from "../ask.ts";
import { residentMemory } from "../process_watch.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

const MIB = 1024 * 1024;
/** Connect's own code for a message that cannot be parsed or unpacked is `internal`; nothing else may be. */
const UNPARSED = /(parse( |%20)binary|know( |%20)how( |%20)to( |%20)decompress)/;

function mustStay(stage: Stage, before: number): Promise<void> {
  return residentMemory(stage.gateways[0]?.process.pid ?? 0).then((after) => {
    check(
      after < Math.max(before + 64, 256),
      `the gateway has grown from ${before.toFixed(0)} to ${after.toFixed(0)} MiB`,
    );
  });
}

const memoryOf = (stage: Stage) => residentMemory(stage.gateways[0]?.process.pid ?? 0);
const methodsOf = (...services: (typeof FileService | typeof ClusterService | typeof StorageService)[]) =>
  services.flatMap(({ typeName, methods }) => methods.map(({ name }) => `/${typeName}/${name}`));

/** An envelope of gRPC and Connect that says what it likes about its length. */
function envelope(flags: number, length: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(5 + bytes.length);
  const view = new DataView(framed.buffer);
  view.setUint8(0, flags);
  view.setUint32(1, length);
  framed.set(bytes, 5);
  return framed;
}

/** See above. */
export const MESSAGE_ROWS: readonly Row[] = [
  {
    number: 65,
    name: "messages of 4 GiB, by their own account, and 100,000 tiny ones",
    inject: "envelopes with false lengths, for every RPC of the gateway",
    expect: "refused before memory is taken",
    phases: ["once"],
    run: async (stage) => {
      const before = await memoryOf(stage);
      for (const path of methodsOf(FileService, ClusterService)) {
        for (const type of ["application/grpc-web+proto", "application/connect+proto", "application/proto"]) {
          const body = envelope(0, 0xffff_ffff, new Uint8Array(100));
          const { status, text } = await ask(`${stage.gateways[0]?.url}${path}`, {
            method: "POST",
            body,
            headers: { "content-type": type },
          });
          check(status < 500 || UNPARSED.test(text), `${path} as ${type}: ${status} ${text.slice(0, 200)}`);
        }
      }
      const tiny = envelope(0, 0, new Uint8Array(0));
      const many = new Uint8Array(tiny.length * 100_000);
      for (let i = 0; i < 100_000; i++) many.set(tiny, i * tiny.length);
      await ask(`${stage.gateways[0]?.url}/sixfold.v1.FileService/Upload`, {
        method: "POST",
        body: many,
        headers: { "content-type": "application/grpc-web+proto" },
      });
      await mustStay(stage, before);
    },
  },
  {
    number: 66,
    name: "messages that are bombs when unpacked",
    inject: "64 MiB of zeros as 64 KiB of gzip, once and packed again, as bodies, messages and files",
    expect: "nothing is unpacked; a file stays as it was sent",
    phases: ["once"],
    run: async (stage) => {
      const before = await memoryOf(stage);
      const bomb = gzipSync(new Uint8Array(64 * MIB));
      for (const packed of [bomb, gzipSync(bomb)]) {
        for (
          const [type, header] of [["application/grpc-web+proto", "grpc-encoding"], [
            "application/proto",
            "content-encoding",
          ], ["application/connect+proto", "connect-content-encoding"]]
        ) {
          const body = type === "application/proto" ? new Uint8Array(packed) : envelope(1, packed.length, packed);
          await ask(`${stage.gateways[0]?.url}/sixfold.v1.FileService/GetFile`, {
            method: "POST",
            body,
            headers: { "content-type": type ?? "", [header ?? ""]: "gzip" },
          });
        }
        const url = stage.url("packed").replace("/faults/", "/bombs/");
        const put = await ask(url, {
          method: "PUT",
          body: new Uint8Array(packed),
          headers: { "content-encoding": "gzip" },
        });
        check([201, 415].includes(put.status), `a packed file: ${put.status}`);
        await ask(url, { method: "DELETE" });
      }
      await mustStay(stage, before);
    },
  },
  {
    number: 69,
    name: "reflection, health and administration on the public port",
    inject: "their paths, asked as Connect and gRPC-Web",
    expect: "none of them is there but the probes",
    phases: ["once"],
    run: async (stage) => {
      const paths = [
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/grpc.health.v1.Health/Check",
        ...methodsOf(StorageService),
        "/debug/pprof/",
        "/admin",
        "/.env",
        "/server-status",
      ];
      for (const path of paths) {
        for (const type of ["application/grpc-web+proto", "application/json"]) {
          const { status } = await ask(`${stage.gateways[0]?.url}${path}`, {
            method: "POST",
            body: "{}",
            headers: { "content-type": type },
          });
          check([404, 405, 415].includes(status), `${path}: ${status}`);
        }
      }
    },
  },
  {
    number: 78,
    name: "strangers call a daemon",
    inject: "every RPC of StorageService without a token, with a wrong one, and with a nearly right one",
    expect: "unauthenticated, each of them",
    phases: ["once"],
    run: async (stage) => {
      const { daemon } = stage.daemon(0);
      for (const path of methodsOf(StorageService)) {
        for (
          const authorization of [
            undefined,
            "",
            "Bearer ",
            "Bearer wrong",
            "Basic eDp5",
            `Bearer ${"a token for tests, at least 32 character"}`,
          ]
        ) {
          for (
            const type of [
              "application/grpc-web+proto",
              "application/connect+proto",
              "application/proto",
              "application/json",
            ]
          ) {
            const { status, text } = await ask(`http://${daemon.http}${path}`, {
              method: "POST",
              body: type.includes("+") ? envelope(0, 0, new Uint8Array(0)) : type === "application/json" ? "{}" : "",
              headers: { "content-type": type, ...(authorization === undefined ? {} : { authorization }) },
            });
            const refused = status === 401 || /grpc-status: ?16|unauthenticated/.test(text);
            // A stream is no unary call, and a unary call no stream: said before anything else.
            check(
              refused || status === 415,
              `${path} as ${type} with ${authorization}: ${status} ${text.slice(0, 100)}`,
            );
          }
        }
      }
    },
  },
];
