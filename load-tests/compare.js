// PUT, GET, HEAD and DELETE of files of one size, in the shares of a mixed load: for any store that speaks plain HTTP.
// k6 run load-tests/compare.js, with from the environment:
//   URL       what keys are put behind (http://127.0.0.1:8080/v1/files/compare)
//   SIZE      bytes of a file (10485760)
//   VUS       clients at once (20)
//   DURATION  how long (15s)
//   MIX       shares of GET, HEAD, PUT, DELETE (45/30/15/10); 0/0/1/0 only puts
//   FILES     files that are there before the clock starts (40)
//   HEADER    one header for every request, as "authorization: Bearer …"
import http from "k6/http";
import { check } from "k6";
import { randomBytes } from "k6/crypto";
import exec from "k6/execution";

const url = __ENV.URL || "http://127.0.0.1:8080/v1/files/compare";
const size = Number(__ENV.SIZE || 10 * 1024 * 1024);
const files = Number(__ENV.FILES || 40);
const [gets, heads, puts, deletes] = (__ENV.MIX || "45/30/15/10").split("/").map(Number);
const [header, ...value] = (__ENV.HEADER || "").split(":");
const headers = header ? { [header.trim()]: value.join(":").trim() } : {};

export const options = {
  vus: Number(__ENV.VUS || 20),
  duration: __ENV.DURATION || "15s",
  setupTimeout: "10m",
  discardResponseBodies: true,
  thresholds: { checks: ["rate==1"] },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
};

// Not one byte again and again: a store that packs or folds what is the same must not gain by it.
const body = randomBytes(size);
const send = (name, key, method, content) =>
  http.request(method, `${url}/${key}`, content, { headers, tags: { name } });

export function setup() {
  const run = `run-${Date.now()}-${Math.floor(Math.random() * 1e9)}`;
  for (let i = 0; i < files; i++) send("setup", `${run}/${i}`, "PUT", body);
  return run;
}

/** Keys that this client has put and that nobody reads, so that it may delete them. */
const mine = [];

export default function (run) {
  const turn = Math.random() * (gets + heads + puts + deletes);
  const some = `${run}/${Math.floor(Math.random() * files)}`;
  if (turn < gets) {
    const { status, headers } = send("GET", some, "GET", null);
    check(null, { "read": () => status === 200 && Number(headers["Content-Length"]) === size });
  } else if (turn < gets + heads) {
    const { status } = send("HEAD", some, "HEAD", null);
    check(null, { "described": () => status === 200 });
  } else if (turn < gets + heads + deletes && mine.length > 0) {
    const { status } = send("DELETE", mine.shift(), "DELETE", null);
    check(null, { "deleted": () => status >= 200 && status < 300 });
  } else {
    const key = `${run}/new-${exec.vu.idInTest}-${exec.scenario.iterationInTest}`;
    const { status } = send("PUT", key, "PUT", body);
    if (deletes > 0) mine.push(key);
    check(null, { "stored": () => status >= 200 && status < 300 });
  }
}
