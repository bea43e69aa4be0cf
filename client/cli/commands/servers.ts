import type { Command } from "commander";
import { humanSize, humanTime, table } from "../human.ts";
import { openSession, print } from "../session.ts";

/** `sixfold servers` */
export function addServers(program: Command): void {
  program.command("servers").description("list the storage servers")
    .addHelpText("after", "\nExample:\n  sixfold servers --json")
    .action(async (_options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const servers = await client.servers({ signal });
      if (json) return servers.forEach((server) => print(JSON.stringify(server)));
      const rows = servers.map((
        { id, state, breaker, httpAddress, freeBytes, usedBytes, lastHeartbeat, stateReason },
      ) => [
        id,
        breaker === "closed" ? state : `${state}, not called now`,
        httpAddress,
        `${humanSize(usedBytes)} used`,
        `${humanSize(freeBytes)} free`,
        `heard of ${humanTime((Date.now() - lastHeartbeat.getTime()) / 1000)} ago`,
        stateReason,
      ]);
      print(table(rows));
    });
}
