import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import { fileOf } from "../place.ts";
import { openSession, print } from "../session.ts";

/** `sixfold undelete` */
export function addUndelete(program: Command): void {
  program.command("undelete").description("bring back files that were removed, until the grace time is over")
    .argument("<file...>", "BUCKET/KEY")
    .option("--id <id>", "of one file: this version of it, and not the one that was removed last")
    .addHelpText("after", "\nExample:\n  sixfold undelete demo/a.txt demo/b.txt")
    .action(async (files: string[], { id }: { id?: string }, command: Command) => {
      const { client, json, signal } = openSession(command);
      if (id !== undefined && files.length > 1) {
        throw new SixfoldError("invalid_argument", "an id is that of one file; name one");
      }
      for (const text of files) {
        const { bucket, key } = fileOf(text);
        const file = await client.undelete(bucket, key, { signal, ...(id === undefined ? {} : { id }) });
        print(json ? JSON.stringify(file) : `brought back ${bucket}/${key}`);
      }
    });
}
