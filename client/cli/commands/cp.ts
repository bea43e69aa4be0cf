import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import { humanSize } from "../human.ts";
import { pathOfKey } from "../local_path.ts";
import { copyThere } from "../copy_there.ts";
import { fileOf, isRemote, prefixOf, SCHEME } from "../place.ts";
import { openSession, print } from "../session.ts";
import { syncTree } from "../sync_tree.ts";
import { getPath, putPath } from "../transfer.ts";
import { waysOf } from "./sync.ts";

/** `sixfold cp` */
export function addCp(program: Command): void {
  program.command("cp").description(
    "copy a file, or with -r a folder, from here to there, back, or from there to there",
  )
    .argument("<from>", `a path, or ${SCHEME}BUCKET/KEY`)
    .argument("<to>", "the same; not both are paths")
    .option("-r, --recursive", "everything below a folder")
    .addHelpText(
      "after",
      `\nExamples:\n  sixfold cp a.txt ${SCHEME}demo/a.txt\n  sixfold cp -r ${SCHEME}demo/photos photos\n` +
        `  sixfold cp ${SCHEME}demo/a.txt ${SCHEME}old/a.txt`,
    )
    .action(async (from: string, to: string, { recursive = false }: { recursive?: boolean }, command: Command) => {
      const cli = openSession(command);
      if (isRemote(from) && isRemote(to)) {
        const { sent, bytes } = await copyThere(cli, from, to, recursive);
        return print(cli.json ? JSON.stringify({ sent, bytes }) : `copied ${sent} files (${humanSize(bytes)})`);
      }
      const { way, folder, place } = waysOf(from, to);
      if (recursive) {
        const { sent, bytes } = await syncTree(cli, { way, folder, place, remove: false, dryRun: false, always: true });
        return print(cli.json ? JSON.stringify({ sent, bytes }) : `copied ${sent} files (${humanSize(bytes)})`);
      }
      const isFolder = await stat(folder).then((entry) => entry.isDirectory(), () => false);
      if (way === "up" && isFolder) {
        throw new SixfoldError("invalid_argument", `${folder} is a folder; copy it with -r`);
      }
      const named = place.key !== "" && !place.key.endsWith("/");
      const file = way === "up"
        ? await putPath(cli, folder, named ? place : { ...place, key: prefixOf(place.key) + basename(folder) })
        : await getPath(cli, fileOf(from), isFolder ? join(folder, pathOfKey("", basename(place.key))) : folder);
      print(cli.json ? JSON.stringify(file) : `copied ${humanSize(file.size)}`);
    });
}
