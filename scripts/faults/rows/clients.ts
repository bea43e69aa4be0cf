/** Clients that leave, stall, drip, or send what they should not. */
import { each } from "../each.ts";
import { residentMemory } from "../process_watch.ts";
import { askAndStall, talk } from "../raw_http.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

const MIB = 1024 * 1024;
const CLOSE = "Host: x\r\nConnection: close\r\n";

/** @throws Error when there is something under a key that nothing was stored under */
async function mustMiss(stage: Stage, key: string): Promise<void> {
  const { status } = await stage.get(key, stage.content(0));
  check(status === 404, `something is under ${key}: ${status}`);
}

function pathOf(stage: Stage, key: string): string {
  return new URL(stage.url(key)).pathname;
}

/** See above. */
export const CLIENT_ROWS: readonly Row[] = [
  {
    number: 50,
    name: "a client leaves in the middle of an upload or a download",
    inject: "the client closes its socket, 10 times each",
    expect: "the upload leaves nothing behind; no socket and no memory stays",
    phases: ["once"],
    run: async (stage) => {
      const content = stage.content(48 * MIB);
      await stage.put("left", content);
      for (let i = 0; i < 10; i++) {
        const gone = new AbortController();
        const onBytes = (bytes: number) => {
          if (bytes > (i + 1) * 4 * MIB) gone.abort();
        };
        await stage.put(`leaves-${i}`, stage.content(48 * MIB), 0, { signal: gone.signal, onBytes });
        const reader = new AbortController();
        const onRead = (bytes: number) => {
          if (bytes > (i + 1) * 4 * MIB) reader.abort();
        };
        await stage.get("left", content, 0, { signal: reader.signal, onBytes: onRead });
        await mustMiss(stage, `leaves-${i}`);
      }
    },
  },
  {
    number: 51,
    name: "readers that take nothing",
    inject: "200 sockets that ask for 48 MiB each and do not read",
    expect: "other clients are served, and the gateway's memory stays below 256 MiB",
    phases: ["once"],
    run: async (stage) => {
      const content = stage.content(48 * MIB);
      await stage.put("wanted", content);
      const sockets = await Promise.all(Array.from({ length: 200 }, () => askAndStall(stage.url("wanted"))));
      try {
        await new Promise((resolve) => setTimeout(resolve, 3000));
        const memory = await residentMemory(stage.gateways[0]?.process.pid ?? 0);
        check(memory < 256, `the gateway holds ${memory.toFixed(0)} MiB`);
        const small = stage.content(100);
        const put = await stage.put("meanwhile", small);
        check(put.status === 201, `an upload meanwhile: ${put.status} ${put.code}`);
      } finally {
        for (const socket of sockets) socket.destroy();
      }
      const { status, wrong } = await stage.get("wanted", content);
      check(status === 200 && wrong === undefined, `a reader after them: ${status} ${wrong}`);
    },
  },
  {
    number: 52,
    name: "clients that are slow on purpose",
    inject: "300 sockets: silent, half a request line, or a header a second",
    expect: "closed within 15 s; others are served meanwhile",
    phases: ["once"],
    run: async (stage) => {
      function* drip() {
        yield "GET /healthz HTTP/1.1\r\n";
        for (let i = 0; i < 60; i++) yield `X-${i}: y\r\n`;
      }
      const url = stage.url("");
      const slow = Array.from({ length: 300 }, (_, i) => talk(url, [[], ["GET / HTT"], drip()][i % 3] ?? [], 1000));
      const content = stage.content(MIB);
      const put = await stage.put("prompt", content);
      check(put.status === 201 && put.ms < 5000, `an upload meanwhile: ${put.status} ${put.code} ${put.ms} ms`);
      for (const { seconds } of await Promise.all(slow)) check(seconds < 15, `closed after ${seconds} s`);
    },
  },
  {
    number: 53,
    name: "more or fewer bytes than were declared",
    inject: "raw sockets: a body that is longer than its Content-Length, or that ends early",
    expect: "the extra bytes become no part of the file; a short body stores nothing",
    phases: ["once"],
    run: async (stage) => {
      // The server may close before its answer is read: then the upload is not acknowledged, and whole all the same.
      const content = stage.content(300);
      await stage.manifest.begin("declared", content);
      const head = `PUT ${pathOf(stage, "declared")} HTTP/1.1\r\n${CLOSE}Content-Length: 300\r\n\r\n`;
      const more = await talk(stage.url(""), [head, content.slice(0, 300), "more bytes"]);
      check([0, 201, 400].includes(more.status), `more bytes: ${more.status}`);
      if (more.status === 201) await stage.manifest.acknowledge("declared", content);
      const short = `PUT ${pathOf(stage, "short")} HTTP/1.1\r\n${CLOSE}Content-Length: 100000\r\n\r\n${
        "x".repeat(5000)
      }`;
      const { hostname, port } = new URL(stage.url(""));
      const socket = await Deno.connect({ hostname, port: Number(port) });
      await socket.write(new TextEncoder().encode(short));
      await socket.closeWrite();
      await socket.read(new Uint8Array(1000)).catch(() => null);
      socket.close();
      await mustMiss(stage, "short");
    },
  },
  {
    number: 56,
    name: "huge heads",
    inject: "64 KiB of one header, 1 MB of another, 2,000 headers",
    expect: "431, 400 or a closed connection; 200 for those that fit; nothing grows",
    phases: ["once"],
    run: async (stage) => {
      const heads = [`X: ${"x".repeat(65_536)}\r\n`, `X: ${"x".repeat(1_000_000)}\r\n`, "X: y\r\n".repeat(2000)];
      for (const head of heads) {
        const { status } = await talk(stage.url(""), [`GET /healthz HTTP/1.1\r\n${CLOSE}${head}\r\n`]);
        check([0, 200, 400, 431].includes(status), `${head.length} bytes of head: ${status}`);
      }
    },
  },
  {
    number: 57,
    name: "files of 0 to 5 bytes, and around every boundary",
    inject: "an upload of each size",
    expect: "each reads back; a range of nothing is 416",
    phases: ["once"],
    run: async (stage) => {
      const edges = [0, 1, 2, 3, 4, 5, 6, 7, 32_767, 32_768, 32_769, MIB - 1, MIB, MIB + 1, 4 * MIB - 1, 4 * MIB + 1];
      await each(edges, 4, async (size) => {
        const content = stage.content(size);
        const put = await stage.put(`size-${size}`, content);
        const got = await stage.get(`size-${size}`, content);
        check(put.status === 201 && got.status === 200 && got.wrong === undefined, `${size} bytes: ${got.wrong}`);
        if (size === 0) {
          const range = await fetch(stage.url("size-0"), { headers: { range: "bytes=0-0" } });
          await range.body?.cancel();
          check(range.status === 416, `a range of nothing: ${range.status}`);
        }
      });
    },
  },
];
