import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { humanSize } from "../human.ts";
import { pathOfKey } from "../local_path.ts";
import { fileOf } from "../place.ts";
import { showProgress } from "../progress.ts";
import { openSession, print, writeOut } from "../session.ts";
import { getPath } from "../transfer.ts";

/** `sixfold get` */
export function addGet(program: Command): void {
  program.command("get").description("fetch a file, verified; the name appears once it is whole")
    .argument("<file>", "BUCKET/KEY")
    .argument("[path]", "a path, a folder, or - for standard output", ".")
    .addHelpText("after", "\nExamples:\n  sixfold get demo/photo.jpg\n  sixfold get demo/src.tar - | tar x")
    .action(async (source: string, target: string, _options: unknown, command: Command) => {
      const cli = openSession(command);
      const place = fileOf(source);
      if (target === "-") {
        const { pieces } = await cli.client.download(place.bucket, place.key, { signal: cli.signal });
        for await (const piece of pieces) await writeOut(piece);
        return;
      }
      const isFolder = await stat(target).then((entry) => entry.isDirectory(), () => false);
      const path = isFolder ? join(target, pathOfKey("", basename(place.key))) : target;
      const progress = showProgress(cli, place.key, undefined);
      try {
        const file = await getPath(cli, place, path, (bytes, total) => {
          progress.expect(total);
          progress.at(bytes);
        });
        progress.end();
        print(cli.json ? JSON.stringify({ path, ...file }) : `${path}  ${humanSize(file.size)}`);
      } finally {
        progress.end();
      }
    });
}
