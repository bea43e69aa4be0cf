/** What happens between a gateway and a daemon. */
import { during } from "../during.ts";
import { ask } from "../ask.ts";
import { ALWAYS, check, type Row } from "../row.ts";
import { runTool } from "../run_tool.ts";
import type { Stage } from "../stage.ts";

/** The group of the gateway that is cut off; no user here has it. */
const CUT_OFF = 54_235;
/** Uploads and downloads through each gateway: enough for a breaker to open. */
const CALLS = 12;

/** See above. */
export const NETWORK_ROWS: readonly Row[] = [
  {
    number: 23,
    name: "connections to a daemon are reset, and new ones too",
    inject: "a TCP proxy between gateways and daemon",
    expect: "no call fails",
    phases: ALWAYS,
    quick: ["uploading", "downloading"],
    run: (stage, phase) => {
      const { proxy } = stage.daemon(3);
      return during(stage, phase, { inject: () => proxy.cut(), heal: () => proxy.heal() });
    },
  },
  {
    number: 24,
    name: "connections to a daemon are taken, and nothing goes through",
    inject: "a TCP proxy between gateways and daemon",
    expect: "no call fails; progress is missed within 2 s",
    phases: ALWAYS,
    run: (stage, phase) => {
      const { proxy } = stage.daemon(4);
      return during(stage, phase, { inject: () => proxy.stall(), heal: () => proxy.heal() });
    },
  },
  {
    number: 26,
    name: "bits flip on the way",
    inject: "a TCP proxy flips a bit of about every 2 MiB, in both directions",
    expect: "no wrong byte is stored or handed on; no call fails",
    phases: ALWAYS,
    quick: ["uploading", "downloading"],
    run: (stage, phase) => {
      const { proxy } = stage.daemon(5);
      const inject = () => {
        proxy.flipUp = proxy.flipDown = 2 * 1024 * 1024;
      };
      return during(stage, phase, { inject, heal: () => proxy.heal() });
    },
  },
  {
    number: 35,
    name: "one gateway cannot reach a daemon, and another one can",
    inject: "iptables drops what one gateway sends to one daemon, and nothing the other way",
    expect: "no call fails; that gateway alone thinks ill of the daemon, which stays on the ring",
    phases: ["once"],
    needs: ["iptables"],
    run: cutOffOne,
  },
];

async function cutOffOne(stage: Stage): Promise<void> {
  const { serverId, proxy } = stage.daemon(2);
  const gateway = await stage.startGateway({}, CUT_OFF);
  const number = stage.gateways.indexOf(gateway);
  const [, port = ""] = proxy.address.split(":");
  const owner = ["-m", "owner", "--gid-owner", String(CUT_OFF)];
  const rule = ["OUTPUT", "-p", "tcp", ...owner, "--dport", port, "-j", "DROP"];
  const isOpen = async (url: string) => {
    const { text } = await ask(`${url}/metrics`);
    return text.split("\n").some((line) => line.includes(serverId) && line.includes("open") && line.endsWith(" 1"));
  };
  await runTool("iptables", "-I", ...rule);
  try {
    for (let i = 0; i < CALLS; i++) {
      for (const through of [0, number]) {
        const content = stage.content(1024 * 1024);
        const stored = await stage.put(`cut-off-${through}-${i}`, content, through);
        check(stored.status === 201, `an upload through gateway ${through}: ${stored.status} ${stored.code}`);
        const read = await stage.get(`cut-off-${through}-${i}`, content, through);
        check(read.status === 200 && read.wrong === undefined, `a download: ${read.status} ${read.wrong ?? read.code}`);
      }
    }
    check(await isOpen(gateway.url), "the gateway that is cut off goes on calling the daemon");
    check(!(await isOpen(stage.gateways[0]?.url ?? "")), "the other gateway has stopped calling the daemon");
    const { servers } = JSON.parse((await ask(`${gateway.url}/readyz`)).text);
    check(servers === stage.daemons.length, `one gateway's trouble took a server off the ring: ${servers} are on it`);
  } finally {
    await runTool("iptables", "-D", ...rule);
    await stage.killGateway(gateway);
  }
}
