/** Messages of chance to every RPC, as many as a fuzzer sends. */
import { StorageService } from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import { attack } from "../../hostile/attack.ts";
import { CONNECT, GATEWAY_METHODS, GRPC_WEB, type Inside, messagesTo } from "../../hostile/doors.ts";
import { KeptConnection } from "../../hostile/kept_connection.ts";
import { TOKEN } from "../../local_cluster.ts";
import { residentMemory } from "../process_watch.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";

const MESSAGES = 1_000_000;
/** What a message of chance would do to the stage: hold its moves, close its doors, or go on without an end. */
const LEFT_ALONE = /Pause|Confirm|CreateKey|Watch/;
const TYPES = [...CONNECT, ...GRPC_WEB];
/** What a process may hold more than before, in MiB: of a message, and of a million, nothing stays. */
const MOST_MORE = 128;
const LOOK_MS = 500;

/** Half of the messages to one process. @throws Error that says what was wrong with the answers, or with the process */
async function shower(
  address: string,
  pid: number,
  methods: Parameters<typeof messagesTo>[0],
  inside: Inside,
): Promise<void> {
  const door = messagesTo(methods, TYPES);
  const free: KeptConnection[] = [];
  const before = await residentMemory(pid);
  let most = 0;
  const look = setInterval(async () => most = Math.max(most, await residentMemory(pid)), LOOK_MS);
  try {
    const { faults } = await attack({
      // A false length of the request would end its connection, and is row 53.
      door: (random, inside) => ({ ...door(random, inside), lie: undefined }),
      inside,
      send: async (request) => {
        const connection = free.pop() ?? new KeptConnection(address);
        const answer = await connection.send(request);
        free.push(connection);
        return answer;
      },
      requests: MESSAGES / 2,
      seed: 67,
    });
    check(faults.length === 0, faults.join("\n"));
    check(await residentMemory(pid) > 0, "the process has ended");
    check(most < before + MOST_MORE, `the process has held ${most.toFixed(0)} MiB, and ${before.toFixed(0)} before`);
  } finally {
    clearInterval(look);
    for (const connection of free) connection[Symbol.dispose]();
  }
}

/** Files that messages can name. @returns what there is to be named */
async function nameable(url: string): Promise<string[]> {
  const known = ["noise", "small", "large"];
  for (const [name, size] of [["small", 100], ["large", 100_000]] as const) {
    const put = await fetch(`${url}/v1/files/noise/${name}`, { method: "PUT", body: new Uint8Array(size).fill(7) });
    known.push((await put.json()).id);
  }
  return known;
}

/** See above. */
export const NOISE_ROWS: readonly Row[] = [
  {
    number: 67,
    name: "messages that are noise",
    inject: `${MESSAGES.toLocaleString("en")} random messages to the RPCs of a gateway and of a daemon, in all ` +
      "protocols: odd values in every field, of which half have bytes changed, lost or none that belong there",
    expect:
      `a code of the table, and never the server's own fault; nothing ends, and holds ${MOST_MORE} MiB more at most`,
    phases: ["once"],
    run: async (stage: Stage) => {
      const [gateway] = stage.gateways;
      check(gateway !== undefined, "there is no gateway");
      const { daemon, pid } = stage.daemon(0);
      const inside: Inside = { secret: TOKEN, known: await nameable(gateway.url), uploads: [] };
      const methods = GATEWAY_METHODS.filter(({ name }) => !LEFT_ALONE.test(name));
      const ends = await Promise.allSettled([
        shower(new URL(gateway.url).host, gateway.process.pid, methods, inside),
        shower(daemon.http, pid, StorageService.methods, inside),
      ]);
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    },
  },
];
