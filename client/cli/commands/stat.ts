import type { Command } from "commander";
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
      const width = Math.max(...rows.map(([name]) => name.length));
      for (const [name, value] of rows) if (value !== undefined) print(`${name.padEnd(width)}  ${value}`);
    });
}
