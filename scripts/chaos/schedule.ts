/** What is done to a cluster in a run of chaos, and when: a pure function of the seed. */
import { Random } from "../faults/random.ts";

/** What can be done to a daemon. */
export const DAEMON_HARMS = ["kill", "stop", "fill", "cut", "stall"] as const;

/** Something that is done to one process. */
export type Harm =
  | { readonly kind: typeof DAEMON_HARMS[number]; readonly daemon: number }
  | { readonly kind: "kill gateway" | "stop gateway"; readonly gateway: number }
  | { readonly kind: "kill PostgreSQL" | "stop PostgreSQL" | "restart PostgreSQL" };

/** Harms that happen together. */
export interface ChaosEvent {
  /** When, in seconds from the start. */
  readonly at: number;
  /** How long they last. */
  readonly seconds: number;
  readonly harms: readonly Harm[];
}

/** Whether requests may fail meanwhile. */
export function hurtsClients({ harms }: ChaosEvent): boolean {
  return harms.some((harm) => !("daemon" in harm));
}

/** All events of a run, in order; they do not overlap. */
export function chaosSchedule(seed: number, seconds: number, daemons: number): ChaosEvent[] {
  const random = new Random(seed);
  const events: ChaosEvent[] = [];
  for (let at = 2; at < seconds - 4;) {
    const lasts = random.between(2, 7);
    events.push({ at, seconds: lasts, harms: harmsOf(random, daemons) });
    at += lasts + random.between(2, 5);
  }
  return events;
}

function harmsOf(random: Random, daemons: number): Harm[] {
  const chance = random.next();
  if (chance < 0.12) return [{ kind: random.pick(["kill gateway", "stop gateway"]), gateway: random.between(0, 2) }];
  if (chance < 0.24) return [{ kind: random.pick(["kill PostgreSQL", "stop PostgreSQL", "restart PostgreSQL"]) }];
  const first = random.between(0, daemons);
  const second = (first + random.between(1, daemons)) % daemons;
  const victims = random.next() < 0.3 ? [first, second] : [first];
  return victims.map((daemon) => ({ kind: random.pick(DAEMON_HARMS), daemon }));
}

/** An event in words. */
export function describeEvent({ seconds, harms }: ChaosEvent): string {
  const words = harms.map((harm) => "daemon" in harm ? `${harm.kind} daemon ${harm.daemon}` : harm.kind);
  return `${words.join(" and ")} for ${seconds} s`;
}
