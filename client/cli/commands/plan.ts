import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import type { PlannedChange } from "../../mod.ts";
import { humanSize, humanTime } from "../human.ts";
import { SERVER_ARGUMENT, serverNamed } from "../server_name.ts";
import { openSession, print } from "../session.ts";

/** `sixfold plan` */
export function addPlan(program: Command): void {
  program.command("plan").description("tell what a change of the cluster would move; nothing happens")
    .option("--drain <server>", `empty this server: ${SERVER_ARGUMENT}`)
    .option("--add <weight>", "add a server of this weight; 1 for one like most")
    .addHelpText(
      "after",
      "\nWithout an option: bring all chunks to where the ring says." +
        "\nExamples:\n  sixfold plan\n  sixfold plan --drain 10.0.0.7:51051\n  sixfold plan --add 2",
    )
    .action(
      async ({ drain, add }: { drain?: string; add?: string }, command: Command) => {
        const { client, json, signal } = openSession(command);
        if (drain !== undefined && add !== undefined) {
          throw new SixfoldError("invalid_argument", "--drain and --add are two plans; ask for one at a time");
        }
        const change: PlannedChange = drain !== undefined
          ? { drain: serverNamed(await client.servers({ signal }), drain).id }
          : add !== undefined
          ? { addWeight: weightOf(add) }
          : "rebalance";
        const plan = await client.moves.plan(change, { signal });
        if (json) return print(JSON.stringify(plan));
        const { chunks, bytes, chunksSeen, hottestDisk, seconds, exact } = plan;
        if (chunks === 0) return print("nothing would have to move");
        const time = seconds > 0 ? `, in about ${humanTime(seconds)} for one gateway` : "";
        print(`${exact ? "" : "about "}${chunks} of ${chunksSeen} chunks (${humanSize(bytes)}) would move${time}`);
        print(`the fullest disk would then be ${Math.round(hottestDisk * 100)} % full`);
      },
    );
}

function weightOf(text: string): number {
  const weight = Number(text);
  if (text !== "" && Number.isFinite(weight) && weight > 0) return weight;
  throw new SixfoldError("invalid_argument", `"${text}" is no weight; 1 is a server like most, 2 has twice the chunks`);
}
