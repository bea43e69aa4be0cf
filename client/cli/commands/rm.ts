import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import { fileOf, nothingBelow, placeOf, prefixOf } from "../place.ts";
import { openSession, print } from "../session.ts";

/** `sixfold rm` */
export function addRm(program: Command): void {
  program.command("rm").description("remove files")
    .argument("<place...>", "BUCKET/KEY, or with -r a folder of keys")
    .option("-r, --recursive", "all files below BUCKET/FOLDER")
    .option("-f, --force", "what is not there is removed")
    .addHelpText("after", "\nExamples:\n  sixfold rm demo/a.txt demo/b.txt\n  sixfold rm -r demo/2025")
    .action(async (places: string[], options: { recursive?: boolean; force?: boolean }, command: Command) => {
      const { client, json, signal } = openSession(command);
      const one = async (bucket: string, key: string) => {
        const was = await client.remove(bucket, key, { signal });
        if (!was && !options.force) throw new SixfoldError("not_found", `there is no ${bucket}/${key}`);
        print(json ? JSON.stringify({ removed: key }) : `removed ${bucket}/${key}`);
      };
      for (const text of places) {
        if (!options.recursive) {
          const { bucket, key } = fileOf(text);
          await one(bucket, key);
          continue;
        }
        const { bucket, key } = placeOf(text);
        let found = false;
        for await (const { file } of client.list(bucket, { prefix: prefixOf(key), signal })) {
          found = true;
          if (file !== undefined) await one(bucket, file.key);
        }
        if (!found && !options.force) throw nothingBelow({ bucket, key });
      }
    });
}
