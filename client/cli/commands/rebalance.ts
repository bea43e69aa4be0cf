import type { Command } from "commander";
import { type CliSession, openSession, print } from "../session.ts";
import { changeFor, watchChange } from "../watch_change.ts";

/** `sixfold rebalance` */
export function addRebalance(program: Command): void {
  const rebalance = program.command("rebalance").description("move chunks to where the ring says")
    .addHelpText("after", "\nExamples:\n  sixfold plan\n  sixfold rebalance start --watch");
  const about = (name: string, description: string, example = name) =>
    rebalance.command(name).description(description)
      .addHelpText("after", `\nExample:\n  sixfold rebalance ${example}`);
  about("start", "begin, or find the one that runs; readers and writers notice nothing", "start --watch")
    .option("-w, --watch", "follow it to its end")
    .action(
      async ({ watch = false }: { watch?: boolean }, command: Command) => {
        const cli = openSession(command);
        const changeId = await cli.client.moves.rebalance(cli);
        if (watch) return void await watchChange(cli, "");
        say(cli, { changeId }, "chunks are moving; sixfold rebalance watch shows how far it is");
      },
    );
  about("watch", "follow the newest one to its end")
    .action(async (_options: unknown, command: Command) => void await watchChange(openSession(command), ""));
  const set = (name: "pause" | "resume" | "stop", description: string, text: string) =>
    about(name, description).action(
      async (_options: unknown, command: Command) => {
        const cli = openSession(command);
        const { id } = await changeFor(cli, "");
        await cli.client.moves[name](id, cli);
        say(cli, { changeId: id, did: name }, text);
      },
    );
  set("pause", "hold it", "held; sixfold rebalance resume goes on");
  set("resume", "go on with it", "it goes on");
  set("stop", "end it; what has moved stays where it is", "stopped; what has moved stays where it is");
}

function say({ json }: CliSession, value: unknown, text: string): void {
  print(json ? JSON.stringify(value) : text);
}
