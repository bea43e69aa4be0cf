import type { Command } from "commander";
import type { Repair, RepairState } from "../../mod.ts";
import { humanSize, humanTime, table } from "../human.ts";
import { openSession, print } from "../session.ts";

/** `sixfold repair` */
export function addRepair(program: Command): void {
  const repair = program.command("repair").description("see what is being rebuilt, and what cannot be")
    .addHelpText("after", "\nExamples:\n  sixfold repair\n  sixfold repair retry");
  repair.command("status", { isDefault: true }).description("how much is left, and why chunks are parked")
    .option("-a, --all", "each chunk that waits, not only the parked ones")
    .addHelpText("after", "\nExamples:\n  sixfold repair status\n  sixfold repair status --all --json")
    .action(async ({ all = false }: { all?: boolean }, command: Command) => {
      const { client, json, signal } = openSession(command);
      const state = await client.repairs.state({ signal });
      print(json ? JSON.stringify(state) : stateText(state));
      if (!all && state.parked === 0) return;
      const rows: string[][] = [];
      for await (const one of client.repairs.list({ signal })) {
        if (!all && one.state !== "parked") continue;
        if (json) print(JSON.stringify(one));
        else rows.push(rowOf(one));
      }
      if (rows.length > 0) print(table(rows));
      if (!json && state.parked > 0) {
        print("sixfold repair retry tries the parked ones again");
      }
    });
  repair.command("retry").description("try all parked chunks again, now")
    .addHelpText("after", "\nExample:\n  sixfold repair retry")
    .action(async (_options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const count = await client.repairs.retryParked({ signal });
      print(json ? JSON.stringify({ count }) : `${count} chunks are tried again`);
    });
}

function stateText({ queued, running, waiting, parked, bytesLeft, bytesPerSecond, secondsLeft }: RepairState): string {
  const left = queued + running + waiting;
  if (left + parked === 0) return "no chunk is missing";
  const rate = bytesPerSecond > 0 ? `, ${humanSize(bytesPerSecond)}/s, ${humanTime(secondsLeft)} left` : "";
  return `${left} chunks to rebuild (${
    humanSize(bytesLeft)
  }): ${running} at work, ${queued} queued, ${waiting} waiting ` +
    `for room, a server or the next try; ${parked} parked${rate}`;
}

function rowOf({ bucket, key, segment, index, state, reason, problem, attempts }: Repair): string[] {
  const why = problem === "" ? reason : `${reason}; ${attempts} tries: ${problem}`;
  return [state, `${bucket}/${key}`, `chunk ${segment}.${index}`, why];
}
