/** Files of every small size and of a large one, and more uploads than may be open. */
import { each } from "../each.ts";
import { residentMemory } from "../process_watch.ts";
import { Random } from "../random.ts";
import { check, type Row } from "../row.ts";
import { openUpload } from "../upload_client.ts";

const GIB = 2 ** 30;
const LARGE = 10 * GIB;
/** The most memory that a process may hold on the way, in MiB. */
const MEMORY = 256;
/** As many uploads in parts may be open at once. */
const SESSIONS = 10_000;

/** See above. */
export const SIZE_ROWS: readonly Row[] = [
  {
    number: 58,
    name: "files that are smaller than six chunks should be",
    inject:
      "a gateway that keeps nothing in PostgreSQL: 0 to 64 bytes, around each multiple of 6, and 100 sizes up to 10,000",
    expect: "each reads back, whole and from each end",
    phases: ["once"],
    run: async (stage) => {
      const gateway = await stage.startGateway({ SIXFOLD_INLINE_MAX: "0" });
      const number = stage.gateways.indexOf(gateway);
      const random = new Random(58);
      const multiples = [66, 600, 6000, 9996].flatMap((size) => [size - 1, size, size + 1]);
      const any = Array.from({ length: 100 }, () => random.between(65, 10_000));
      await each([...new Set([...Array(65).keys(), ...multiples, ...any])], 8, async (size) => {
        const content = stage.content(size);
        const key = `small-${size}`;
        const put = await stage.put(key, content, number);
        check(put.status === 201, `${size} bytes: ${put.status} ${put.code}`);
        const ranges = size === 0 ? [{}] : [{}, { to: 1 }, { from: size - 1 }, { from: Math.floor(size / 2) }];
        for (const range of ranges) {
          const got = await stage.get(key, content, number, range);
          check(got.status < 300 && got.wrong === undefined, `${size} bytes: ${got.status} ${got.wrong ?? got.code}`);
        }
      });
      await stage.killGateway(gateway);
    },
  },
  {
    number: 59,
    name: "a file of 10 GiB",
    inject: "one upload and one download, each byte compared",
    expect: `no process ever holds more than ${MEMORY} MiB`,
    phases: ["once"],
    run: async (stage) => {
      const pids = [...stage.gateways.map(({ process }) => process.pid), ...stage.daemons.map(({ pid }) => pid)];
      let most = 0;
      const look = setInterval(() => {
        for (const pid of pids) void residentMemory(pid).then((memory) => most = Math.max(most, memory));
      }, 500);
      try {
        const content = stage.content(LARGE);
        const limitMs = 900_000;
        const put = await stage.put("large", content, 0, { limitMs });
        check(put.status === 201, `the upload: ${put.status} ${put.code} after ${put.ms} ms`);
        const got = await stage.get("large", content, 0, { limitMs });
        check(got.status === 200 && got.wrong === undefined, `the download: ${got.status} ${got.wrong ?? got.code}`);
        await stage.remove("large");
      } finally {
        clearInterval(look);
      }
      check(most < MEMORY, `a process has held ${most.toFixed(0)} MiB`);
    },
  },
  {
    number: 74,
    name: "more uploads in parts than may be open",
    inject: `${SESSIONS + 20} uploads are opened`,
    expect: "429 beyond the limit; one that is aborted makes room; lists stay pages",
    phases: ["once"],
    run: async (stage) => {
      const paths: string[] = [];
      let refused = 0;
      await each([...Array(SESSIONS + 20).keys()], 16, async (i) => {
        const { status, code, path } = await openUpload(stage.url(`open-${i}`, i % 2), stage.content(10));
        check([201, 429].includes(status), `upload ${i}: ${status} ${code}`);
        if (status === 201) paths.push(path);
        else refused++;
      });
      check(refused >= 1 && paths.length <= SESSIONS + 16, `${paths.length} are open, ${refused} were refused`);
      const aborted = await fetch(`${stage.gateways[0]?.url}${paths[0]}`, { method: "DELETE" });
      check(aborted.status === 204, `an abort: ${aborted.status}`);
      const put = await stage.put("beside", stage.content(100_000));
      check(put.status === 201, `an upload beside them: ${put.status} ${put.code}`);
      await stage.ledger.endLeases();
    },
  },
];
