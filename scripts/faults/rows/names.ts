/** Names and ranges that no honest client would send, and pages that are not what they seem. */
import { ask } from "../ask.ts";
import { each } from "../each.ts";
import { Random } from "../random.ts";
import { check, type Row } from "../row.ts";

const NAMES = 10_000;
/** What goes into names, besides letters. */
const ODD = [
  "../",
  "..",
  "%2e%2e%2f",
  "\u0000",
  "\r\n",
  "con",
  ".",
  "/",
  "//",
  "\u202e",
  "e\u0301",
  "é",
  "日本",
  "😀",
  "\ud800",
  "<script>",
  "'",
  '"',
  "%",
  "%zz",
  "\\",
  " ",
  "?",
  "#",
  "\u007f",
  "\ufeff",
  "x".repeat(1100),
];

/** See above. */
export const NAME_ROWS: readonly Row[] = [
  {
    number: 61,
    name: "offsets and ranges that are negative, reversed, overlapping or past the end",
    inject: "1,000 random ranges and offsets of parts",
    expect: "the right bytes, or 416, 400, 409; nothing else",
    phases: ["once"],
    run: async (stage) => {
      const size = 300_000;
      const content = stage.content(size);
      await stage.put("ranged", content);
      const random = new Random(61);
      const whole = content.slice(0, size);
      const edges = [-1, 0, 1, size - 1, size, size + 1, 2 ** 31, 2 ** 53, 1e20];
      const number = () => random.next() < 0.5 ? random.pick(edges) : random.between(-10, size + 10);
      await each([...Array(1000).keys()], 8, async () => {
        const [from, to] = [number(), number()];
        const range = random.pick([`bytes=${from}-${to}`, `bytes=${from}-`, `bytes=-${to}`, `bytes=${from}-${to},0-1`]);
        const response = await fetch(stage.url("ranged"), { headers: { range } });
        const bytes = await response.bytes();
        if (response.status === 416) return;
        const [, first = "0", last = String(size - 1)] = /bytes (\d+)-(\d+)/.exec(
          response.headers.get("content-range") ?? "",
        ) ?? [];
        const right = whole.subarray(Number(first), Number(last) + 1);
        const equal = bytes.length === right.length && bytes.every((byte, i) => byte === right[i]);
        check([200, 206].includes(response.status) && equal, `${range}: ${response.status}, ${bytes.length} bytes`);
      });
      const url = `${stage.gateways[0]?.url}/v1/uploads`;
      const made = await ask(url, { method: "POST", body: JSON.stringify({ bucket: "faults", key: "parts", size }) });
      const { id } = JSON.parse(made.text);
      for (const offset of ["-1", "x", "1e3", String(size), String(size + 1), "9".repeat(15), "9".repeat(30)]) {
        const { status, text } = await ask(`${url}/${id}/parts/${offset}`, { method: "PUT", body: "part" });
        check([400, 404, 409, 413].includes(status), `a part at ${offset}: ${status} ${text}`);
      }
    },
  },
  {
    number: 62,
    name: "names that are paths, controls, halves of characters, or too long",
    inject: `${NAMES} names made of odd pieces, through a path, an upload in parts and a list`,
    expect: "kept as it is, or 400; no name becomes a path on a disk",
    phases: ["once"],
    run: async (stage) => {
      const random = new Random(62);
      const gateway = stage.gateways[0]?.url;
      const kept = new Set<string>();
      await each([...Array(NAMES).keys()], 16, async (i) => {
        const pieces = Array.from({ length: random.between(1, 4) }, () => random.pick(ODD));
        const name = i % 3 === 0 ? pieces.join("") : `${i}-${pieces.join("")}`;
        if (i % 2 === 0) {
          const { status, text } = await ask(`${gateway}/v1/uploads`, {
            method: "POST",
            body: JSON.stringify({ bucket: i % 7 === 0 ? name : "faults", key: name, size: 1 }),
          });
          check(status === 201 || status === 400, `${JSON.stringify(name)}: ${status} ${text}`);
          if (status === 201) await ask(`${gateway}/v1/uploads/${JSON.parse(text).id}`, { method: "DELETE" });
          return;
        }
        const path = /[\ud800-\udfff](?![\udc00-\udfff])/.test(name) && !name.isWellFormed()
          ? "%ED%A0%80"
          : encodeURIComponent(name);
        const url = `${gateway}/v1/files/names/${path}`;
        const { status, text } = await ask(url, { method: "PUT", body: name.slice(0, 100) });
        check([201, 400, 404].includes(status), `${JSON.stringify(name)}: ${status} ${text}`);
        if (status === 201) kept.add(url);
      });
      check(kept.size > 100, `${kept.size} names were kept`);
      for (const { folder } of stage.daemons) {
        for await (const { name } of Deno.readDir(folder)) {
          check(
            ["chunks", "tmp", "quarantine", "lock", "server.json", "scrub", "probe"].includes(name),
            `there is ${folder}/${name}`,
          );
        }
      }
      await each([...kept], 16, async (url) => {
        const { status } = await ask(url, { method: "DELETE" });
        check(status === 204, `${url} cannot be deleted: ${status}`);
      });
    },
  },
  {
    number: 64,
    name: "pages and pictures with scripts, opened in a browser",
    inject: "HTML, SVG and XML, uploaded and read",
    expect: "attachment, nosniff, and a sandbox without any source",
    phases: ["once"],
    run: async (stage) => {
      for (const type of ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/HTML; charset=x"]) {
        await stage.put("page", stage.content(50), 0, { headers: { "content-type": type } });
        const { headers } = await ask(stage.url("page"));
        check(/^attachment/.test(headers.get("content-disposition") ?? ""), `${type} is shown`);
        check(headers.get("x-content-type-options") === "nosniff", `${type} may be sniffed`);
        check(/sandbox.*default-src 'none'/.test(headers.get("content-security-policy") ?? ""), `${type} may load`);
      }
    },
  },
  {
    number: 76,
    name: "pages of other origins",
    inject: "requests and preflights with a foreign and a null origin, with credentials",
    expect: "no origin is let in with credentials",
    phases: ["once"],
    run: async (stage) => {
      await stage.put("origin", stage.content(10));
      for (const origin of ["https://evil.example", "null"]) {
        for (const method of ["GET", "OPTIONS", "PUT"]) {
          const { headers } = await ask(stage.url(method === "PUT" ? "other-origin" : "origin"), {
            method,
            headers: { origin, "access-control-request-method": "DELETE", cookie: "a=b" },
          });
          const allowed = headers.get("access-control-allow-origin");
          check(
            allowed === null || (allowed === "*" && !headers.has("access-control-allow-credentials")),
            `${method} ${origin}: ${allowed}`,
          );
        }
      }
      await ask(stage.url("other-origin"), { method: "DELETE" });
    },
  },
];
