/** The `sixfold` command: its commands, and how it ends. */
import { Command, CommanderError } from "commander";
import { SixfoldError } from "../../shared/errors.ts";
import { VERSION } from "../../shared/version.ts";
import { addCat } from "./commands/cat.ts";
import { addCompletion } from "./commands/completion.ts";
import { addCp } from "./commands/cp.ts";
import { addDatabase } from "./commands/database.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addDrain } from "./commands/drain.ts";
import { addGet } from "./commands/get.ts";
import { addKeys } from "./commands/keys.ts";
import { addLink } from "./commands/link.ts";
import { addLocate } from "./commands/locate.ts";
import { addLs } from "./commands/ls.ts";
import { addPlan } from "./commands/plan.ts";
import { addPut } from "./commands/put.ts";
import { addRebalance } from "./commands/rebalance.ts";
import { addRepair } from "./commands/repair.ts";
import { addRing } from "./commands/ring.ts";
import { addRm } from "./commands/rm.ts";
import { addServers } from "./commands/servers.ts";
import { addStat } from "./commands/stat.ts";
import { addSync } from "./commands/sync.ts";
import { addTrace } from "./commands/trace.ts";
import { addUndelete } from "./commands/undelete.ts";
import { EXIT_CODES, exitCodeOf } from "./exit_code.ts";
import { note } from "./session.ts";

const ENDS = `
Environment:
  SIXFOLD_GATEWAY   addresses of gateways, separated by commas; http://127.0.0.1:8080 by default
  SIXFOLD_KEY       the API key, where gateways want one

Not here but where the database is, in the project's folder: npm run backup -- FILE, npm run restore -- FILE

Exit codes: 0 done; 1 internal error; 2 wrong use; 3 not found; 4 in the way (exists, or changed meanwhile);
5 not allowed; 6 no space; 7 not reachable now; 8 damaged; 130 stopped`;

/** The command with all of its commands. */
export function createProgram(): Command {
  const program = new Command("sixfold").description("Store, fetch and sync files in Sixfold.").version(VERSION)
    .option(
      "-g, --gateway <address>",
      "a gateway; may be given again for more",
      (address: string, all: string[] = []) => [...all, address],
    )
    .option("--json", "print results as JSON, a value on each line")
    .option("--no-progress", "draw no progress bars")
    .addHelpText("after", ENDS).exitOverride().showHelpAfterError("(sixfold --help tells more)");
  const all = [
    addPut,
    addGet,
    addCat,
    addLs,
    addStat,
    addRm,
    addUndelete,
    addCp,
    addSync,
    addServers,
    addRing,
    addLocate,
    addPlan,
    addDrain,
    addRebalance,
    addRepair,
    addDatabase,
    addTrace,
    addDoctor,
    addKeys,
    addLink,
  ];
  for (const add of [...all, addCompletion]) add(program);
  for (const command of program.commands) {
    for (const one of [command, ...command.commands]) one.copyInheritedSettings(program);
  }
  return program;
}

/** Runs the command. @param args without the program's own name @returns its exit code */
export async function runProgram(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_CODES.invalid_argument;
    // The reader of our output has enough, as `head` does.
    if (error instanceof Error && "code" in error && error.code === "EPIPE") return 0;
    const known = SixfoldError.from(error);
    const cause = known.code === "internal" && known.cause instanceof Error ? `: ${known.cause.message}` : "";
    note(`sixfold: ${known.message}${cause}`);
    return exitCodeOf(known);
  }
}
