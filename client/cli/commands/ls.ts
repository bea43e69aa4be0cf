import type { Command } from "commander";
import { humanSize, table } from "../human.ts";
import { nothingBelow, placeOf } from "../place.ts";
import { openSession, print } from "../session.ts";

const AT_ONCE = 1000;

/** `sixfold ls` */
export function addLs(program: Command): void {
  program.command("ls").description("list files; folders end with a slash")
    .argument("<place>", "BUCKET, or BUCKET/ and the beginning of keys")
    .option("-r, --recursive", "all files below, not only the next level")
    .addHelpText("after", "\nExamples:\n  sixfold ls demo\n  sixfold ls -r demo/2026/ --json")
    .action(async (target: string, { recursive = false }: { recursive?: boolean }, command: Command) => {
      const { client, json, signal } = openSession(command);
      const { bucket, key: prefix } = placeOf(target);
      let rows: string[][] = [];
      let found = false;
      const show = () => {
        if (rows.length > 0) print(table(rows));
        rows = [];
      };
      for await (const entry of client.list(bucket, { prefix, delimiter: recursive ? "" : "/", signal })) {
        found = true;
        if (json) print(JSON.stringify(entry.file ?? { prefix: entry.prefix }));
        else if (entry.file === undefined) rows.push(["", "", entry.prefix]);
        else rows.push([humanSize(entry.file.size), time(entry.file.createdAt), entry.file.key]);
        if (rows.length === AT_ONCE) show();
      }
      show();
      if (!found) throw nothingBelow({ bucket, key: prefix });
    });
}

function time(date: Date): string {
  return date.toISOString().slice(0, 19).replace("T", " ");
}
