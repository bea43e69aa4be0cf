// Files of 10 MiB and of 4 KiB in and out through REST: each must come back as it went in, and nothing may fail.
// k6 run load-tests/smoke.js, with SIXFOLD_URL (http://127.0.0.1:8080), SIXFOLD_KEY where the gateway wants an API key, and
// DURATION (15s) from the environment.
import http from "k6/http";
import { check } from "k6";
import { randomBytes, sha256 } from "k6/crypto";

const url = __ENV.SIXFOLD_URL || "http://127.0.0.1:8080";
const duration = __ENV.DURATION || "15s";
const key = __ENV.SIXFOLD_KEY ? { authorization: `Bearer ${__ENV.SIXFOLD_KEY}` } : {};

export const options = {
  scenarios: {
    large: { executor: "constant-vus", vus: 2, duration, exec: "large" },
    small: { executor: "constant-vus", vus: 4, duration, exec: "small" },
  },
  thresholds: {
    checks: ["rate==1"],
    http_req_failed: ["rate==0"],
    "http_req_duration{scenario:large}": ["p(95)<10000"],
    "http_req_duration{scenario:small}": ["p(95)<3000"],
  },
};

const bodies = { large: randomBytes(10 * 1024 * 1024), small: randomBytes(4096) };
const digests = { large: sha256(bodies.large, "base64"), small: sha256(bodies.small, "base64") };

export function large() {
  roundTrip("large");
}

export function small() {
  roundTrip("small");
}

function roundTrip(kind) {
  const body = bodies[kind];
  const file = `${url}/v1/files/load/${kind}-${__VU}-${__ITER}`;
  const digest = `sha-256=:${digests[kind]}:`;
  const tags = { name: kind };
  const put = http.put(file, body, { headers: { ...key, "Repr-Digest": digest }, tags });
  const head = http.head(file, { headers: key, tags });
  const get = http.get(file, { headers: key, responseType: "binary", tags });
  const gone = http.del(file, null, { headers: key, tags });
  check(null, {
    "stored": () => put.status === 201,
    "described": () => head.status === 200 && Number(head.headers["Content-Length"]) === body.byteLength,
    "the same digest": () => get.headers["Repr-Digest"] === digest,
    "the same bytes": () => sha256(get.body, "base64") === digests[kind],
    "deleted": () => gone.status === 204,
  });
}
