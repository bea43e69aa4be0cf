// What the scripts do to a gateway, how each call is judged, and when it happened. From the environment:
//   SIXFOLD_URL  the gateway (http://127.0.0.1:8080)
//   SIXFOLD_KEY  an API key, where the gateway wants one
//   DURATION     how long the script runs, as 15s, 5m or 1h; each script has its own default
import { check } from "k6";
import { randomBytes, sha256 } from "k6/crypto";
import exec from "k6/execution";
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";

export const url = __ENV.SIXFOLD_URL || "http://127.0.0.1:8080";
export const KIB = 1024;
export const MIB = 1024 * KIB;
/** The time of a run is cut into so many pieces, each with a trend of its own: k6's summary knows no time. */
export const SLICES = 24;

const headers = __ENV.SIXFOLD_KEY ? { authorization: `Bearer ${__ENV.SIXFOLD_KEY}` } : {};
const operations = Object.fromEntries(
  ["put", "get", "head", "list", "delete"].map((name) => [name, new Trend(name, true)]),
);
const slices = Array.from({ length: SLICES }, (_, i) => new Trend(sliceName(i), true));
const away = new Counter("turned_away");
const broken = new Counter("broken_off");
const moved = { put: new Counter("bytes_put"), get: new Counter("bytes_got") };
const bodies = new Map();

export function sliceName(i) {
  return `slice_${String(i).padStart(2, "0")}`;
}

/** DURATION in seconds. */
export function secondsOf(fallback) {
  const [, number, unit] = /^(\d+)([smh]?)$/.exec(__ENV.DURATION || fallback) || [];
  return Number(number) * { "": 1, s: 1, m: 60, h: 3600 }[unit];
}

/** How long the script runs, in seconds: told once by its plan. */
let length = 1;

/** What holds where a gateway is asked for no more than it can do. */
export const UNHURRIED = { turned_away: ["count==0"], broken_off: ["count==0"] };

/** Options of a script. @param thresholds besides the one for all: no call fails or brings back a wrong byte */
export function planOf(seconds, scenarios, thresholds) {
  length = seconds;
  return {
    scenarios,
    setupTimeout: "5m",
    discardResponseBodies: true,
    thresholds: { checks: ["rate==1"], ...thresholds },
    summaryTrendStats: ["count", "avg", "med", "p(95)", "p(99)", "max"],
  };
}

/** A body of this size, and its digest: made once by each client, and not one byte again and again. */
export function bodyOf(size) {
  if (!bodies.has(size)) {
    const bytes = randomBytes(size);
    bodies.set(size, { bytes, digest: `sha-256=:${sha256(bytes, "base64")}:` });
  }
  return bodies.get(size);
}

/** A key that nobody else uses. */
export function newKey() {
  return `${exec.vu.idInTest}-${exec.vu.iterationInInstance}-${Math.floor(Math.random() * 1e9)}`;
}

/** Stores a file. @returns whether it is there; false only for one that was turned away in order */
export function put(key, size) {
  const { bytes, digest } = bodyOf(size);
  const made = call("put", "PUT", `/v1/files/load/${key}`, bytes, { "Repr-Digest": digest });
  const done = judge("stored", made, ({ status }) => status === 201);
  if (done) moved.put.add(size);
  return done;
}

/** Reads a file. @param size of what must come @param whole whether its bytes are compared with their digest */
export function get(key, size, whole = false) {
  const made = call("get", "GET", `/v1/files/load/${key}`, null, {}, whole ? "binary" : "none");
  const right = ({ status, headers, body }) =>
    status === 200 && Number(headers["Content-Length"]) === size &&
    (!whole || headers["Repr-Digest"] === `sha-256=:${sha256(body, "base64")}:`);
  if (judge("read as stored", made, right)) moved.get.add(size);
}

export function head(key, size) {
  const made = call("head", "HEAD", `/v1/files/load/${key}`, null);
  judge("described", made, ({ status, headers }) => status === 200 && Number(headers["Content-Length"]) === size);
}

export function list(prefix) {
  judge(
    "listed",
    call("list", "GET", `/v1/files?bucket=load&limit=100&prefix=${prefix}`, null),
    ({ status }) => status === 200,
  );
}

export function remove(key) {
  judge("deleted", call("delete", "DELETE", `/v1/files/load/${key}`, null), ({ status }) => status === 204);
}

/** Files for others to read. @returns their keys */
export function fill(count, size) {
  const run = `run-${Date.now()}`;
  const keys = Array.from({ length: count }, (_, i) => `${run}/${i}`);
  for (const key of keys) {
    const { bytes, digest } = bodyOf(size);
    const { status } = http.put(`${url}/v1/files/load/${key}`, bytes, {
      headers: { ...headers, "Repr-Digest": digest },
    });
    if (status !== 201) throw new Error(`the first files cannot be stored: ${status}`);
  }
  return keys;
}

export function pick(all) {
  return all[Math.floor(Math.random() * all.length)];
}

/** The resident memory of the gateway in bytes, as it says itself; undefined where it does not. */
export function gatewayMemory() {
  const { status, body } = http.get(`${url}/metrics`, { headers, responseType: "text" });
  const line = status === 200 && /^process_memory_usage_bytes(?:\{.*\})? (\S+)/m.exec(body);
  return line ? Number(line[1]) : undefined;
}

function call(name, method, path, body, more = {}, responseType = "none") {
  const began = exec.instance.currentTestRunDuration;
  const answer = http.request(method, url + path, body, {
    headers: { ...headers, ...more },
    tags: { name },
    responseType,
  });
  operations[name].add(answer.timings.duration);
  return { answer, began };
}

/**
 * A gateway that has too much to do says so, and when to come back: that is no failure, and it is counted. It does not read
 * the body then, and k6, which goes on writing, may miss the answer: such a call is counted as broken off.
 */
function judge(what, { answer, began }, right) {
  const full = (answer.status === 503 || answer.status === 429) && answer.headers["Retry-After"] !== undefined;
  const cut = answer.status === 0 && answer.request.method === "PUT";
  if (full) away.add(1);
  else if (cut) broken.add(1);
  else {
    check(answer, { [what]: right });
    const slice = Math.floor(began * SLICES / (1000 * length));
    // What a client begins once its time is over stands in the table only.
    if (slice < SLICES) slices[slice].add(answer.timings.duration);
  }
  return !full && !cut;
}
