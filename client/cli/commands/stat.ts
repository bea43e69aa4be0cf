import type { Command } from "commander";
import { table } from "../human.ts";
import { fileOf } from "../place.ts";
import { openSession, print } from "../session.ts";

/** `sixfold stat` */
export function addStat(program: Command): void {
  program.command("stat").description("tell what is known of a file")
    .argument("<file>", "BUCKET/KEY")
    .addHelpText("after", "\nExample:\n  sixfold stat demo/photo.jpg --json")
    .action(async (source: string, _options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const { bucket, key } = fileOf(source);
      const file = await client.stat(bucket, key, { signal });
      if (json) return print(JSON.stringify(file));
      const { metadata, createdAt, ...plain } = file;
      const rows = Object.entries({ ...plain, createdAt: createdAt.toISOString(), ...metadata });
      print(table(rows.flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)]])));
    });
}
