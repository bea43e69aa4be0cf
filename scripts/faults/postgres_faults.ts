/** What can happen to a stage's PostgreSQL. */
import { familyOf } from "../process_family.ts";
import { until } from "../programs.ts";
import type { Stage } from "./stage.ts";

const START_MS = 30_000;

/** Ends PostgreSQL at once: SIGKILL for all of it, or its own way without a checkpoint (`immediate`, SIGQUIT). */
export async function endPostgres({ cluster }: Stage, signal: "SIGKILL" | "SIGQUIT" | "SIGINT"): Promise<void> {
  const family = await familyOf(await cluster.postgresPid());
  for (const pid of signal === "SIGKILL" ? family : family.slice(0, 1)) signalTo(pid, signal);
  await until(
    "PostgreSQL does not end",
    START_MS,
    async () => (await Deno.stat(`/proc/${family[0]}/fd/0`).catch(() => undefined)) === undefined,
  );
}

/** Starts PostgreSQL again. What is left of the one before may hold its memory for a moment. */
export async function startPostgresAgain({ cluster }: Stage): Promise<void> {
  await until("PostgreSQL does not start", START_MS, () => cluster.restartPostgres().then(() => true));
}

/** SIGSTOP or SIGCONT for PostgreSQL and all its sessions. */
export async function pausePostgres({ cluster }: Stage, signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
  for (const pid of await familyOf(await cluster.postgresPid())) signalTo(pid, signal);
}

function signalTo(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch { /* it has ended meanwhile */ }
}
