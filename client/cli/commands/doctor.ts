import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import { humanSize } from "../human.ts";
import { openSession, print } from "../session.ts";

const CLOCK_MS = 5000;
/** Below this share of free space a server is worth a word. */
const LOW = 0.05;

/** `sixfold doctor` */
export function addDoctor(program: Command): void {
  program.command("doctor").description("look whether all is well: gateways, clocks, servers, space")
    .addHelpText("after", "\nExample:\n  sixfold doctor --gateway http://10.0.0.1:8080 --gateway http://10.0.0.2:8080")
    .action(async (_options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const findings: { ok: boolean; what: string }[] = [];
      const find = (ok: boolean, what: string) => findings.push({ ok, what });
      const states = await client.readiness({ signal });
      for (const { address, ready, servers, clockAheadMs, error } of states) {
        find(
          ready,
          ready ? `${address} is ready and sees ${servers} servers` : error?.message ?? `${address} is not ready`,
        );
        if (clockAheadMs === undefined || Math.abs(clockAheadMs) <= CLOCK_MS) continue;
        const way = clockAheadMs > 0 ? "ahead of" : "behind";
        find(
          false,
          `its clock is ${Math.round(Math.abs(clockAheadMs) / 1000)} s ${way} this machine's; set the wrong one`,
        );
      }
      if (states.some(({ ready }) => ready)) {
        for (const { httpAddress, state, freeBytes, usedBytes, stateReason } of await client.servers({ signal })) {
          find(state === "active", `server ${httpAddress} is ${state}${stateReason && `: ${stateReason}`}`);
          if (freeBytes < (freeBytes + usedBytes) * LOW) {
            find(false, `it has ${humanSize(freeBytes)} left; free space or add a server`);
          }
        }
        const { doubt } = await client.database.state({ signal });
        find(doubt === "", doubt === "" ? "the database is believed" : `nothing is removed: ${doubt}`);
      }
      for (const { ok, what } of findings) {
        print(json ? JSON.stringify({ ok, what }) : `${ok ? "ok  " : "BAD "} ${what}`);
      }
      const bad = findings.filter(({ ok }) => !ok).length;
      if (bad > 0) throw new SixfoldError("unavailable", `${bad} of ${findings.length} things are not well`);
    });
}
