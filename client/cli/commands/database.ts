import type { Command } from "commander";
import type { DatabaseState, DiskComparison } from "../../mod.ts";
import { table } from "../human.ts";
import { SERVER_ARGUMENT, serverNamed } from "../server_name.ts";
import { openSession, print } from "../session.ts";

/** `sixfold database` */
export function addDatabase(program: Command): void {
  const database = program.command("database").description("see whether the database fits the disks, and say so")
    .addHelpText("after", "\nExamples:\n  sixfold database\n  sixfold database confirm");
  database.command("status", { isDefault: true }).description("whether it is believed, and what each disk lacks")
    .addHelpText("after", "\nExample:\n  sixfold database status --json")
    .action(async (_options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const state = await client.database.state({ signal });
      print(json ? JSON.stringify(state) : stateText(state));
    });
  database.command("confirm").description("after a restore: what the database does not know may be removed from now on")
    .addHelpText("after", "\nExample:\n  sixfold database confirm")
    .action(async (_options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const generation = await client.database.confirm({ signal });
      print(json ? JSON.stringify({ generation }) : `the database is believed; generation ${generation}`);
    });
  database.command("allow").description("let a comparison that was halted set aside what it has found")
    .argument("<server>", SERVER_ARGUMENT).addHelpText("after", "\nExample:\n  sixfold database allow 3fa1")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const { id: serverId } = serverNamed(await client.servers({ signal }), name);
      await client.database.allow(serverId, { signal });
      print(json ? JSON.stringify({ serverId }) : `the next comparison of ${serverId} takes what it finds`);
    });
}

function stateText({ doubt, generation, disks }: DatabaseState): string {
  const trust = doubt === ""
    ? `the database is believed; generation ${generation}`
    : `nothing is removed: ${doubt}; if it is the one that you want: sixfold database confirm`;
  return [trust, ...disks.length > 0 ? [table(disks.map(rowOf))] : []].join("\n");
}

function rowOf({ serverId, state, listed, strays, lost }: DiskComparison): string[] {
  const found = `${listed} chunks, ${strays} unknown, ${lost} lost`;
  return [serverId, state, state === "halted" ? `${found}; sixfold database allow sets the unknown aside` : found];
}
