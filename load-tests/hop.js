// One daemon alone over native gRPC: PutChunk (client stream), GetChunk (server stream), DeleteChunk.
// k6 run load-tests/hop.js, with SIXFOLD_DAEMON (127.0.0.1:50051), SIXFOLD_CLUSTER_TOKEN and DURATION (15s) from the
// environment. The checksums are left out: the daemon computes its own.
import { check } from "k6";
import crypto from "k6/crypto";
import encoding from "k6/encoding";
import { Counter } from "k6/metrics";
import grpc from "k6/net/grpc";

const BLOCK = 64 * 1024;
const BLOCKS = 16;
const SERVICE = "sixfold.v1.StorageService";
const done = new Counter("chunks_round_trips");
const failed = new Counter("chunks_failed");
const client = new grpc.Client();
client.load(["../proto"], "sixfold/v1/storage.proto");
const block = encoding.b64encode(crypto.randomBytes(BLOCK));
const metadata = { authorization: `Bearer ${__ENV.SIXFOLD_CLUSTER_TOKEN}` };

export const options = {
  vus: 4,
  duration: __ENV.DURATION || "15s",
  thresholds: { checks: ["rate==1"], chunks_failed: ["count==0"], chunks_round_trips: ["count>0"] },
};

let connected = false;

export default function () {
  if (!connected) client.connect(__ENV.SIXFOLD_DAEMON || "127.0.0.1:50051", { plaintext: true });
  connected = true;
  const bytes = new Uint8Array(crypto.randomBytes(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  const chunkId = `${uuid}.0.0.0`;
  const put = open("PutChunk");
  put.on("data", ({ length }) => {
    check(length, { "stored whole": (value) => Number(value) === BLOCK * BLOCKS });
    read(chunkId);
  });
  put.write({
    header: { chunkId, uploadId: encoding.b64encode(bytes.buffer), dataChunks: 4, parityChunks: 2, blockSize: BLOCK },
  });
  for (let number = 0; number < BLOCKS; number++) put.write({ block: { number, data: block } });
  put.write({ end: { length: BLOCK * BLOCKS } });
  put.end();
}

function read(chunkId) {
  let blocks = 0;
  const get = open("GetChunk");
  get.on("data", ({ data }) => {
    blocks += data === block ? 1 : 0;
  });
  get.on("end", () => {
    check(blocks, { "read as stored": (count) => count === BLOCKS });
    const removed = client.invoke(`${SERVICE}/DeleteChunk`, { chunkId }, { metadata });
    check(removed, { "deleted": ({ status, message }) => status === grpc.StatusOK && message.existed === true });
    done.add(1);
  });
  get.write({ chunkId, firstBlock: 0, blockCount: BLOCKS });
  get.end();
}

function open(method) {
  const stream = new grpc.Stream(client, `${SERVICE}/${method}`, { metadata });
  stream.on("error", (error) => {
    console.error(`${method}: ${error.message}`);
    failed.add(1);
  });
  return stream;
}
