/** One run of chaos: load, and harm after harm, and what must be so in the meantime and at the end. */
import { Stage } from "../faults/stage.ts";
import { Tally } from "../faults/tally.ts";
import { until } from "../programs.ts";
import { doHarm, type Undo } from "./harm.ts";
import { runClient } from "./load.ts";
import { chaosSchedule, describeEvent, type Harm, hurtsClients } from "./schedule.ts";

const DAEMONS = 6;
const CLIENTS = 4;
const DISK_MIB = 2048;
/** How long redundancy may take to be whole again before the next harm, in ms. */
const WHOLE_MS = 120_000;
/** How long the second harm comes after the first. */
const STAGGER_MS = 2500;
/** How long after a gateway or PostgreSQL is back calls may still fail, in ms. */
const RECOVERY_MS = 5000;

/** What a run has found. */
export interface ChaosResult {
  readonly tally: Tally;
  readonly events: number;
}

/** @param tell hears each event */
export async function runChaos(seed: number, seconds: number, tell: (line: string) => void): Promise<ChaosResult> {
  const canFill = Deno.uid() === 0 && Deno.build.os === "linux";
  await using stack = new AsyncDisposableStack();
  const disks = canFill ? { disks: ["ext4"], diskMib: DISK_MIB } as const : {};
  const stage = stack.use(await Stage.open({ daemons: DAEMONS, ...disks }));
  const tally = new Tally();
  const pains: { readonly from: number; to: number }[] = [];
  const excuse = (began: number, ended: number) => pains.some(({ from, to }) => from <= ended && began <= to);
  const over = new AbortController();
  const clients = Array.from({ length: CLIENTS }, (_, i) => runClient(stage, i, seed, tally, excuse, over.signal));
  // A client throws only where the tool itself is wrong; that is told at the end.
  const loaded = Promise.all(clients);
  loaded.catch(() => over.abort());
  const began = Date.now();
  const events = chaosSchedule(seed, seconds, DAEMONS);
  const clock = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
  let waited = 0;
  // However this ends, the clients end before the cluster does.
  stack.defer(async () => {
    over.abort();
    await loaded.catch(() => {});
  });
  for (const event of events) {
    if (over.signal.aborted) break;
    await pause(began + waited + event.at * 1000 - Date.now());
    tell(`${clock()}: ${describeEvent(event)}`);
    const pain = { from: Date.now(), to: Infinity };
    if (hurtsClients(event)) pains.push(pain);
    const undoes: Undo[] = [];
    for (const [i, harm] of event.harms.entries()) {
      // A file is as safe as the commit rule says from its first moment, and whole a little later. What was stored before
      // the first harm must be whole before the second; what is stored after the first does not count on its victim.
      if (i > 0) await pause(STAGGER_MS);
      waited += await wholeness(stage, event.harms, tell);
      undoes.push(await doHarm(stage, harm, canFill));
    }
    await pause(event.seconds * 1000);
    await Promise.all(undoes.map((undo) => undo()));
    pain.to = Date.now() + RECOVERY_MS;
  }
  await pause(Math.max(2000, began + waited + seconds * 1000 - Date.now()));
  over.abort();
  await loaded;
  tell(`${clock()}: calm; ${tally}`);
  await stage.verify();
  await stage.settle();
  await stage.verify();
  tell(`${clock()}: everything reads, the disks hold what the rows name, and every file has all its chunks`);
  return { tally, events: events.length };
}

/** Waits until the victims of some harms can be lost without loss. @returns how long that took, in ms */
async function wholeness(stage: Stage, harms: readonly Harm[], tell: (line: string) => void): Promise<number> {
  const victims = harms.flatMap((harm) => "daemon" in harm ? [stage.daemon(harm.daemon).serverId] : []);
  if (victims.length === 0) return 0;
  const began = Date.now();
  await until("redundancy is not whole", WHOLE_MS, async () => await stage.ledger.endangeredBy(victims) === 0);
  const ms = Date.now() - began;
  if (ms > 1000) tell(`waited ${(ms / 1000).toFixed(1)} s until redundancy was whole`);
  return ms;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
