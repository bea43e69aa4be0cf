import type { Command } from "commander";
import { virtualNodes } from "../../../shared/ring.ts";
import { table } from "../human.ts";
import { openSession, print } from "../session.ts";

const CIRCLE = 2 ** 64;

/** `sixfold ring` */
export function addRing(program: Command): void {
  program.command("ring").description("tell which share of the ring each server has")
    .addHelpText("after", "\nExample:\n  sixfold ring")
    .action(async (_options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const active = (await client.servers({ signal })).filter(({ state }) => state === "active" || state === "full");
      const nodes = active.flatMap(({ id, weight }) => virtualNodes(id, weight))
        .sort((a, b) => (a.position < b.position ? -1 : 1));
      const shares = new Map<string, { nodes: number; share: number }>();
      let before = Number(nodes.at(-1)?.position ?? 0n) - CIRCLE;
      for (const { serverId, position } of nodes) {
        const known = shares.get(serverId) ?? { nodes: 0, share: 0 };
        shares.set(serverId, { nodes: known.nodes + 1, share: known.share + (Number(position) - before) / CIRCLE });
        before = Number(position);
      }
      for (const [id, share] of json ? shares : []) print(JSON.stringify({ id, ...share }));
      const rows = [...shares].map(([id, { nodes, share }]) => [id, `${nodes} nodes`, `${(share * 100).toFixed(1)} %`]);
      if (!json) print(table(rows));
    });
}
