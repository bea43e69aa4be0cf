import type { Command } from "commander";
import { humanSize, table } from "../human.ts";
import { fileOf } from "../place.ts";
import { openSession, print } from "../session.ts";

/** `sixfold locate` */
export function addLocate(program: Command): void {
  program.command("locate").description("tell which server keeps which chunk of a file")
    .argument("<file>", "BUCKET/KEY")
    .addHelpText("after", "\nExample:\n  sixfold locate demo/photo.jpg")
    .action(async (source: string, _options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const { bucket, key } = fileOf(source);
      const chunks = await client.locate(bucket, key, { signal });
      if (json) return chunks.forEach((chunk) => print(JSON.stringify(chunk)));
      if (chunks.length === 0) return print("it is small and lives in the database");
      print(table(chunks.map(({ segment, index, length, serverId, chunkId, verifiedAt, damage }) => [
        `segment ${segment}`,
        `chunk ${index}`,
        humanSize(length),
        serverId,
        chunkId,
        damage !== ""
          ? damage
          : verifiedAt === undefined
          ? "not read again yet"
          : `verified ${verifiedAt.toISOString()}`,
      ])));
    });
}
