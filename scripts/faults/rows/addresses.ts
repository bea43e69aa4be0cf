/** Servers that register an address of somebody else. */
import { check, type Row } from "../row.ts";
import { runTool } from "../run_tool.ts";
import type { Stage } from "../stage.ts";

const MIB = 1024 * 1024;
/** Where clouds tell a machine its secrets; here it is this machine for a while, in a network of its own. */
const METADATA = "169.254.169.254";
/** Files that are stored, read and removed with each address: their chunks are to leave the server, too. */
const FILES = 4;

/** Somebody else: counts who asks, and sends them elsewhere. */
class Trap implements AsyncDisposable {
  asked = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(elsewhere: string) {
    const headers = { location: elsewhere };
    this.#server = Deno.serve({ hostname: "0.0.0.0", port: 0, onListen: () => {} }, () => {
      this.asked++;
      return new Response(null, { status: 307, headers });
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/**
 * Files come and go through a gateway while a server has another address on record. The gateway is a new one, for one that
 * has failed to reach a server leaves it alone; and it would dial anybody in plain text: only the address is in its way.
 */
async function use(stage: Stage, name: string, address: string): Promise<void> {
  const { proxy } = stage.daemon(3);
  const open = await stage.startGateway({ SIXFOLD_RISK_PLAIN_TEXT: "1" });
  const gateway = stage.gateways.indexOf(open);
  await stage.ledger.dialVia(proxy.address, address);
  try {
    const contents = Array.from({ length: FILES }, () => stage.content(MIB));
    for (const [i, content] of contents.entries()) {
      const { status, code } = await stage.put(`${name}-${i}`, content, gateway);
      check(status === 201, `an upload with ${address}: ${status} ${code}`);
    }
    for (const [i, content] of contents.entries()) {
      const { status, wrong, code } = await stage.get(`${name}-${i}`, content, gateway);
      check(status === 200 && wrong === undefined, `a download with ${address}: ${status} ${wrong ?? code}`);
      await stage.remove(`${name}-${i}`);
    }
    await stage.ledger.endGrace();
  } finally {
    await stage.ledger.dialVia(address, proxy.address);
    await stage.killGateway(open);
  }
}

/** See above. */
export const ADDRESS_ROWS: readonly Row[] = [
  {
    number: 77,
    name: "a server that registers an address of somebody else",
    inject:
      "the row of a server names the link's 169.254.169.254, also as IPv4 in IPv6, no address at all, a URL, and a server that redirects there",
    expect: "nobody asks there, redirects are not followed, and no call fails",
    phases: ["once"],
    needs: ["iptables"],
    run: async (stage) => {
      await runTool("ip", "address", "add", `${METADATA}/32`, "dev", "lo");
      try {
        await using forbidden = new Trap("/");
        const { port } = forbidden;
        await using allowed = new Trap(`http://${METADATA}:${port}/`);
        await fetch(`http://${METADATA}:${port}/`, { redirect: "manual" }).then(({ body }) => body?.cancel());
        check(forbidden.asked === 1, "the trap cannot be reached, and proves nothing");
        const forged = [
          `${METADATA}:${port}`,
          `[::ffff:${METADATA}]:${port}`,
          `0.0.0.0:${port}`,
          `x@${METADATA}:${port}`,
          `127.0.0.1:${port}/../`,
          "file:///etc/passwd",
        ];
        for (const [i, address] of forged.entries()) await use(stage, `forged-${i}`, address);
        check(forbidden.asked === 1, `somebody else was asked ${forbidden.asked - 1} times`);
        // What is allowed is asked, or all of this says nothing.
        await use(stage, "redirected", `127.0.0.1:${allowed.port}`);
        check(allowed.asked > 0, "nobody asks at an address that is allowed");
        check(forbidden.asked === 1, "a redirect was followed");
      } finally {
        await runTool("ip", "address", "del", `${METADATA}/32`, "dev", "lo");
      }
      // Whoever was suspected meanwhile is met without prejudice again.
      await stage.daemon(3).kill();
      await stage.daemon(3).restart();
    },
  },
];
