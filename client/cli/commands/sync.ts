import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import { humanSize } from "../human.ts";
import { isRemote, placeOf, SCHEME } from "../place.ts";
import { note, openSession, print } from "../session.ts";
import { syncTree } from "../sync_tree.ts";

/** Which of two arguments is there, and which is here. @throws SixfoldError */
export function waysOf(from: string, to: string) {
  if (isRemote(from) === isRemote(to)) {
    throw new SixfoldError(
      "invalid_argument",
      `one of the two is a folder here and the other is ${SCHEME}BUCKET/FOLDER`,
    );
  }
  return isRemote(to)
    ? { way: "up" as const, folder: from, place: placeOf(to) }
    : { way: "down" as const, folder: to, place: placeOf(from) };
}

/** `sixfold sync` */
export function addSync(program: Command): void {
  program.command("sync").description(
    "make a folder there like one here, or the other way round; sends only what differs",
  )
    .argument("<from>", `a folder, or ${SCHEME}BUCKET/FOLDER`)
    .argument("<to>", "the other one")
    .option("-n, --dry-run", "only say what would be done")
    .option("--delete", "remove what the source does not have")
    .addHelpText(
      "after",
      `\nFiles are the same when size and time of the last change are.\n\nExamples:\n` +
        `  sixfold sync photos ${SCHEME}demo/photos\n  sixfold sync ${SCHEME}demo/photos photos --delete --dry-run`,
    )
    .action(async (from: string, to: string, options: { dryRun?: boolean; delete?: boolean }, command: Command) => {
      const cli = openSession(command);
      const ways = waysOf(from, to);
      const { dryRun = false, delete: remove = false } = options;
      try {
        const result = await syncTree(cli, { ...ways, remove, dryRun, always: false });
        if (cli.json) print(JSON.stringify(result));
        else if (!dryRun) {
          print(
            `${ways.way === "up" ? "sent" : "fetched"} ${result.sent} files (${
              humanSize(result.bytes)
            }), removed ${result.removed}, ${result.same} were the same`,
          );
        }
      } catch (error) {
        if (cli.signal.aborted) note("stopped; the same command goes on with what is missing");
        throw error;
      }
    });
}
