import { basename } from "node:path";
import process from "node:process";
import type { Command } from "commander";
import { humanSize } from "../human.ts";
import { fileOf, placeOf, prefixOf } from "../place.ts";
import { showProgress } from "../progress.ts";
import { note, openSession, print } from "../session.ts";
import { putPath } from "../transfer.ts";

/** `sixfold put` */
export function addPut(program: Command): void {
  program.command("put").description("store a file; it goes on where it was stopped before")
    .argument("<file>", "a path, or - for standard input")
    .argument("<place>", "BUCKET/KEY; BUCKET or BUCKET/FOLDER/ keep the file's name")
    .option("--type <type>", "the content type; by default what the name's ending says")
    .option("--if-absent", "fail where the key is taken")
    .addHelpText("after", "\nExamples:\n  sixfold put photo.jpg demo/\n  tar c src | sixfold put - demo/src.tar")
    .action(async (path: string, target: string, options: { type?: string; ifAbsent?: boolean }, command: Command) => {
      const cli = openSession(command);
      const named = target.includes("/") && !target.endsWith("/") && placeOf(target).key !== "";
      const { bucket, key } = placeOf(target);
      const place = named || path === "-" ? fileOf(target) : { bucket, key: prefixOf(key) + basename(path) };
      const progress = showProgress(cli, place.key, undefined);
      let sent = 0;
      const onProgress = (state: { sent: number; resumed: number; total: number | undefined }) => {
        progress.expect(state.total);
        progress.at(sent = state.sent, state.resumed);
      };
      try {
        const { signal, client } = cli;
        const { ifAbsent = false, type } = options;
        const file = path === "-"
          ? await client.upload(process.stdin, {
            ...place,
            ifAbsent,
            signal,
            onProgress,
            ...(type ? { contentType: type } : {}),
          })
          : await putPath(cli, path, place, { contentType: type, ifAbsent, onProgress });
        progress.end();
        print(cli.json ? JSON.stringify(file) : `${file.bucket}/${file.key}  ${humanSize(file.size)}`);
      } catch (error) {
        progress.end();
        if (cli.signal.aborted && path !== "-" && sent > 0) {
          note(`${humanSize(sent)} are stored for an hour; the same command goes on from there`);
        }
        throw error;
      }
    });
}
