import type { Command } from "commander";
import { SERVER_ARGUMENT, serverNamed } from "../server_name.ts";
import { type CliSession, openSession, print } from "../session.ts";
import { changeFor, watchChange } from "../watch_change.ts";

/** `sixfold drain` */
export function addDrain(program: Command): void {
  const drain = program.command("drain").description("empty a server, so that it can be removed")
    .addHelpText("after", "\nExamples:\n  sixfold plan --drain 3fa1\n  sixfold drain start 3fa1 --watch");
  const about = (name: string, description: string, example: string) =>
    drain.command(name).description(description).argument("<server>", SERVER_ARGUMENT)
      .addHelpText("after", `\nExample:\n  sixfold drain ${example}`);
  about("start", "take no new chunks there and move what it has to the others", "start 3fa1 --watch")
    .option("-w, --watch", "follow it until the server is empty")
    .action(
      async (name: string, { watch = false }: { watch?: boolean }, command: Command) => {
        const { cli, serverId } = await serverOf(command, name);
        const { client, signal } = cli;
        const changeId = await client.moves.drain(serverId, { signal });
        if (watch) return await follow(cli, serverId);
        say(cli, { serverId, changeId }, `${serverId} is being emptied; sixfold drain watch shows how far it is`);
      },
    );
  about("watch", "follow a drain until the server is empty", "watch 3fa1")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { cli, serverId } = await serverOf(command, name);
      await follow(cli, serverId);
    });
  about("pause", "hold a drain; the server takes no new chunks meanwhile", "pause 3fa1")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { cli, serverId } = await serverOf(command, name);
      const { id } = await changeFor(cli, serverId);
      await cli.client.moves.pause(id, cli);
      say(cli, { serverId, state: "paused" }, "held; sixfold drain resume goes on");
    });
  about("resume", "go on with a drain that is held", "resume 3fa1")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { cli, serverId } = await serverOf(command, name);
      const { id } = await changeFor(cli, serverId);
      await cli.client.moves.resume(id, cli);
      say(cli, { serverId, state: "running" }, "it goes on");
    });
  about("stop", "keep the server after all; what has moved stays where it is", "stop 3fa1")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { cli, serverId } = await serverOf(command, name);
      await cli.client.moves.keep(serverId, cli);
      say(cli, { serverId, state: "stopped" }, `${serverId} takes chunks again`);
    });
  about("remove", "take a server that is empty out of the cluster for good; its daemon stops", "remove 3fa1")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { cli, serverId } = await serverOf(command, name);
      await cli.client.moves.removeServer(serverId, cli);
      say(cli, { serverId, state: "removed" }, `${serverId} is removed`);
    });
}

async function serverOf(command: Command, name: string) {
  const cli = openSession(command);
  return { cli, serverId: serverNamed(await cli.client.servers(cli), name).id };
}

async function follow(cli: CliSession, serverId: string): Promise<void> {
  const { safeToRemove, holds } = await watchChange(cli, serverId);
  if (cli.json) return;
  print(
    safeToRemove ? "the server is empty; sixfold drain remove takes it out" : `no chunk of a file is left; ${holds}`,
  );
}

function say({ json }: CliSession, value: unknown, text: string): void {
  print(json ? JSON.stringify(value) : text);
}
