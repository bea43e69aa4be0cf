/** What comes to each door over HTTP/1.1: requests that are wrong in one place or in all of them, and some that are right. */
import { Buffer } from "node:buffer";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { ClusterService } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { FileService } from "../../shared/gen/sixfold/v1/files_pb.ts";
import { KeyService } from "../../shared/gen/sixfold/v1/keys_pb.ts";
import { StorageService } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { encodeEnvelope } from "../../shared/grpc_web.ts";
import type { Random } from "../faults/random.ts";
import type { OddRequest } from "./exchange.ts";
import { type Known, oddBinary, oddJson } from "./odd_message.ts";
import {
  bytesOf,
  hex,
  noise,
  oddKey,
  oddNumber,
  oddRange,
  oddSegment,
  oddText,
  oddUuid,
  oddValue,
} from "./oddities.ts";

/** What callers know who want to get far. */
export interface Inside {
  /** A secret that opens the door: an API key, or the cluster's token. */
  readonly secret: string;
  readonly known: Known;
  /** Ids of open uploads. */
  readonly uploads: readonly string[];
}

/** Makes one request. */
export type Door = (random: Random, inside: Inside) => OddRequest;

type Header = readonly [string, string];

const METHODS = ["GET", "GET", "PUT", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "G€T"];
const LIES = ["-1", "1e9", "99999999999999999999", "12, 13", "", "+5", "1000000"];
/** The RPCs of a gateway. */
export const GATEWAY_METHODS: readonly DescMethod[] = [FileService, ClusterService, KeyService]
  .flatMap(({ methods }: DescService) => methods);

/** Plain HTTP. */
const rest: Door = (random, inside) => {
  const file = () => `/v1/files/${bucket(random)}/${random.next() < 0.4 ? key(random, inside) : oddSegment(random)}`;
  const query = `?${random.pick(["bucket", "prefix", "cursor", "limit", "delimiter", "x"])}=${oddSegment(random)}`;
  const target = random.pick([
    file,
    file,
    file,
    () => `/v1/files?bucket=${bucket(random)}&limit=${oddNumber(random)}&cursor=${oddSegment(random)}`,
    () => `/v1/files${query}`,
    () => `/v1/uploads/${oddUuid(random, inside.uploads)}${random.pick(["", "/parts/", "/complete", "/x"])}`,
    () => `/v1/uploads/${oddUuid(random, inside.uploads)}/parts/${oddNumber(random)}`,
    () => "/v1/uploads",
    () => `/v1/traces/${hex(random, 32)}`,
    () => `/v1/traces${query}`,
    () => `/${oddSegment(random)}`,
    () => random.pick(["*", "http://elsewhere/", "/readyz", "/metrics", "//", "/..", "/%2e%2e/x"]),
  ])();
  const form = "multipart/form-data; boundary=x";
  const headers: Header[] = [
    ["range", oddRange(random)],
    ["if-range", oddValue(random)],
    ["if-match", oddValue(random)],
    ["if-none-match", random.pick(["*", '"x"', oddValue(random)])],
    ["if-modified-since", oddValue(random)],
    ["content-type", random.pick(["text/plain", form, "application/json", oddValue(random)])],
    ["repr-digest", `sha-256=:${oddValue(random)}:`],
    ["content-digest", oddValue(random)],
    ["x-sixfold-meta-a", oddValue(random)],
    [`x-sixfold-meta-${hex(random, 8)}`, oddValue(random)],
    ["expect", random.pick(["100-continue", oddValue(random)])],
    ["x-request-id", oddValue(random)],
    ["traceparent", oddValue(random)],
  ];
  const name = oddText(random);
  const body = random.pick([
    () => noise(random, 2000),
    () => new Uint8Array(random.between(0, 200_000)),
    () => bytesOf(JSON.stringify({ bucket: "demo", key: name, size: random.pick([1, -1, "x", 1e30, null]) })),
    () => bytesOf(`--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${name}\r\n--x--\r\n`),
    () =>
      bytesOf(
        `--x\r\ncontent-disposition: form-data; name="bucket"\r\n\r\ndemo\r\n--x\r\ncontent-disposition: ` +
          `form-data; name="file"; filename="${name}"\r\n\r\n${name}`,
      ),
  ])();
  return request(random, random.pick(METHODS), target, [bearer(random, inside), ...some(random, headers)], body);
};

/** Uploads that resume, as tus has them. */
const tus: Door = (random, inside) => {
  const target = random.next() < 0.3 ? "/tus" : `/tus/${oddUuid(random, inside.uploads)}`;
  const base64 = () => random.pick([btoa("demo"), btoa(key(random, inside)), oddValue(random)]);
  const metadata = `bucket ${random.pick([btoa("demo"), base64()])},key ${base64()},${oddValue(random)} ${base64()}`;
  const headers: Header[] = [
    ["upload-length", oddNumber(random)],
    ["upload-offset", random.pick(["0", oddNumber(random)])],
    ["upload-metadata", metadata],
    ["upload-checksum", random.pick([`sha256 ${base64()}`, oddValue(random)])],
    ["upload-defer-length", oddNumber(random)],
    ["upload-concat", oddValue(random)],
    ["x-http-method-override", random.pick(["PATCH", "DELETE", oddValue(random)])],
    ["content-type", random.pick(["application/offset+octet-stream", oddValue(random)])],
  ];
  const version: Header = ["tus-resumable", random.next() < 0.9 ? "1.0.0" : oddValue(random)];
  const method = random.pick(["POST", "PATCH", "PATCH", "HEAD", "DELETE", "OPTIONS", "GET"]);
  const usual: Header[] = random.next() < 0.5
    ? [["upload-offset", "0"], ["content-type", "application/offset+octet-stream"]]
    : [];
  const all = [bearer(random, inside), version, ...usual, ...some(random, headers)];
  return request(random, method, target, all, new Uint8Array(random.between(0, 5000)));
};

/** The same, as the IETF's draft has them. */
const resumable: Door = (random, inside) => {
  const begins = random.next() < 0.4;
  const target = begins ? `/v1/files/demo/${oddSegment(random)}` : `/resumable/${oddUuid(random, inside.uploads)}`;
  const complete = () => random.pick(["?0", "?1", oddValue(random)]);
  const headers: Header[] = [
    ["upload-length", oddNumber(random)],
    ["upload-offset", oddNumber(random)],
    ["upload-draft-interop-version", random.pick(["8", oddValue(random)])],
    ["content-digest", `sha-256=:${oddValue(random)}:`],
    ["repr-digest", oddValue(random)],
    ["expect", "100-continue"],
  ];
  const usual: Header[] = [["upload-offset", "0"], ["content-type", "application/partial-upload"]];
  const method = begins ? "PUT" : random.pick(["PATCH", "PATCH", "PATCH", "HEAD", "GET", "DELETE", "OPTIONS"]);
  const all = [bearer(random, inside), ["upload-complete", complete()] as const, ...usual, ...some(random, headers)];
  return request(random, method, target, all, new Uint8Array(random.between(0, 5000)));
};

/** The console's pages, and its sign-in with cookies of chance. */
const consoleDoor: Door = (random, inside) => {
  const target = random.pick([
    () => "/v1/session",
    () => "/v1/session",
    () => `/console/${oddSegment(random)}`,
    () => `/${oddSegment(random)}`,
    () => `/v1/files?bucket=${bucket(random)}`,
  ])();
  const cookie = random.pick([
    oddValue(random),
    `sixfold-session=${oddValue(random)}`,
    `sixfold-session=${hex(random, 16)}.${Date.now()}.${hex(random, 43)}`,
  ]);
  const headers: Header[] = [
    ["cookie", cookie],
    ["origin", random.pick(["null", "http://gateway", oddValue(random)])],
    ["sec-fetch-site", random.pick(["same-origin", "cross-site", oddValue(random)])],
    ["accept-encoding", oddValue(random)],
    ["if-none-match", oddValue(random)],
  ];
  return request(random, random.pick(METHODS), target, some(random, headers), bytesOf(oddKey(random, inside.secret)));
};

/** Keys that open nothing, where a key is looked for: none of these may be let in. */
const keys: Door = (random, inside) => {
  const guess = oddKey(random, inside.secret);
  const link = `?sixfold-key=${hex(random, 16)}&sixfold-expires=${oddNumber(random)}&sixfold-signature=${
    oddSegment(random)
  }`;
  return random.pick<() => OddRequest>([
    () => plain("GET", "/v1/files?bucket=demo", [["authorization", `Bearer ${guess}`]]),
    () => plain("GET", "/v1/files?bucket=demo", [["authorization", oddValue(random)]]),
    () => plain("GET", `/v1/files/demo/small${link}`, []),
    () => plain("POST", "/v1/session", [["sec-fetch-site", "same-origin"]], bytesOf(guess)),
    () =>
      plain("POST", "/sixfold.v1.FileService/ListFiles", [["authorization", `Bearer ${guess}`], [
        "content-type",
        "application/json",
      ]], bytesOf("{}")),
    () => plain("GET", "/v1/files?bucket=demo", [["cookie", `sixfold-session=${oddValue(random)}`]]),
  ])();
};

/** RPCs in some of the ways in which they are sent. */
export function messagesTo(methods: readonly DescMethod[], types: readonly string[]): Door {
  return (random, inside) => {
    const method = random.pick(methods);
    const type = random.pick(types);
    const json = type.endsWith("json");
    const one = () => (json ? oddJson : oddBinary)(random, method.input, inside.known);
    const enveloped = !/application\/(proto|json)$/.test(type);
    const count = enveloped ? random.pick([0, 1, 1, 1, 2, 4]) : 1;
    const messages = Array.from({ length: count }, () => {
      if (!enveloped) return one();
      const envelope = encodeEnvelope(random.pick([0, 0, 0, 0, 1, 2, 128, 255]), one());
      if (random.next() < 0.1) envelope[random.between(1, 5)] = random.between(0, 256);
      return envelope;
    });
    const body = random.next() < 0.1 ? noise(random, 3000) : join(messages);
    const headers: Header[] = [
      ["connect-protocol-version", oddValue(random)],
      ["connect-timeout-ms", oddNumber(random)],
      ["grpc-timeout", random.pick(["1S", "1n", oddValue(random)])],
      ["grpc-encoding", random.pick(["gzip", oddValue(random)])],
      ["content-encoding", random.pick(["gzip", "br", oddValue(random)])],
      ["connect-content-encoding", random.pick(["gzip", oddValue(random)])],
      ["sixfold-server", oddUuid(random, [])],
      ["x-user-agent", oddValue(random)],
    ];
    const path = `/${method.parent.typeName}/${random.next() < 0.97 ? method.name : oddSegment(random)}`;
    const content: Header = ["content-type", random.next() < 0.95 ? type : oddValue(random)];
    const odd = random.next() < 0.5 ? some(random, headers) : [];
    const verb = random.next() < 0.95 ? "POST" : random.pick(METHODS);
    const all = [bearer(random, inside), content, ...odd];
    return { ...request(random, verb, path, all, body), leaves: method === ClusterService.method.watch };
  };
}

/** Connect's ways to send a message. */
export const CONNECT = [
  "application/proto",
  "application/json",
  "application/connect+proto",
  "application/connect+json",
];
/** Those of gRPC-Web. */
export const GRPC_WEB = ["application/grpc-web+proto", "application/grpc-web", "application/grpc-web+json"];

/** The gateway's doors. */
export const GATEWAY_DOORS: Readonly<Record<string, Door>> = {
  "REST": rest,
  "tus, IETF": (random, inside) => (random.next() < 0.5 ? tus : resumable)(random, inside),
  "Connect": messagesTo(GATEWAY_METHODS, CONNECT),
  "gRPC-Web": messagesTo(GATEWAY_METHODS, GRPC_WEB),
  "console": consoleDoor,
  "keys": keys,
};

const toDaemon = messagesTo(StorageService.methods, [...CONNECT, ...GRPC_WEB]);

/** A daemon's doors over HTTP/1.1. */
export const DAEMON_DOORS: Readonly<Record<string, Door>> = {
  "daemon": (random, inside) => {
    if (random.next() < 0.9) return toDaemon(random, inside);
    const target = random.pick(["/healthz", "/readyz", "/metrics", "*", `/${oddSegment(random)}`]);
    return request(random, random.pick(METHODS), target, [["accept", oddValue(random)]], noise(random, 100));
  },
};

/** A daemon's door of native gRPC. */
export const GRPC_DOOR: Door = messagesTo(StorageService.methods, [
  "application/grpc+proto",
  "application/grpc",
  "application/grpc+json",
]);

function plain(method: string, target: string, headers: readonly Header[], body = new Uint8Array()): OddRequest {
  return { method, target, headers, body };
}

function request(
  random: Random,
  method: string,
  target: string,
  headers: readonly Header[],
  body: Uint8Array,
): OddRequest {
  return { method, target, headers, body, lie: random.next() < 0.03 ? random.pick(LIES) : undefined };
}

function bearer(random: Random, { secret }: Inside): Header {
  return ["authorization", `Bearer ${random.next() < 0.95 ? secret : oddKey(random, secret)}`];
}

function bucket(random: Random): string {
  return random.next() < 0.8 ? "demo" : oddSegment(random);
}

function key(random: Random, { known }: Inside): string {
  return random.pick(known);
}

function some(random: Random, headers: readonly Header[]): Header[] {
  return random.next() < 0.4 ? [] : headers.filter(() => random.next() < 0.2);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}
