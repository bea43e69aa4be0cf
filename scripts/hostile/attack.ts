/** Sends odd requests to a door and judges what comes back: an error of the server's own is a fault, whatever was sent. */
import { Random } from "../faults/random.ts";
import type { Door, Inside } from "./doors.ts";
import type { Answer, OddRequest } from "./exchange.ts";

/** What came of it. */
export interface Outcome {
  /** How many answers had which status; 0 is a connection that was closed without one. */
  readonly statuses: Readonly<Record<string, number>>;
  /** A sentence each. */
  readonly faults: readonly string[];
}

/** What an attack is made of. */
export interface Attack {
  readonly door: Door;
  readonly inside: Inside;
  readonly send: (request: OddRequest, random: Random) => Promise<Answer>;
  readonly requests: number;
  readonly seed: number;
  /** Whether nobody may be let in. */
  readonly shut?: boolean;
}

/** Errors that are honest: no such method, too much to do, no HTTP that is known, no room. */
const HONEST: ReadonlySet<number> = new Set([501, 503, 505, 507]);
/** How the protocols of RPCs say unknown, internal and data loss, where the status is 200. */
const OWN_FAULT = /grpc-status: ?(2|13|15)\b|"code":"(unknown|internal|data_loss)"/i;
/** What gRPC's own table has INTERNAL for: a message that cannot be parsed or unpacked. */
const UNREAD = /(parse|know)( |%20)(binary|how( |%20)to( |%20)decompress)/;
const INJECTED = /^set-cookie: ?x/im;
const AT_ONCE = 16;
const MOST_TOLD = 20;

/** Sends that many requests, each of which follows from the seed and its number. */
export async function attack({ door, inside, send, requests, seed, shut = false }: Attack): Promise<Outcome> {
  const statuses: Record<string, number> = {};
  const faults: string[] = [];
  let next = 0;
  const worker = async () => {
    while (next < requests && faults.length < MOST_TOLD) {
      const number = next++;
      const random = new Random(seed * 1_000_003 + number);
      const request = door(random, inside);
      const answer = await send(request, random);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      const fault = faultOf(answer, shut);
      if (fault !== undefined) {
        faults.push(`request ${number}: ${fault}: ${tell(request)} -> ${answer.text.slice(-300)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { statuses, faults };
}

/** What is wrong with an answer, if anything. */
export function faultOf({ status, text, stuck }: Answer, shut: boolean): string | undefined {
  if (stuck) return "no answer and no end";
  if (status >= 500 && !HONEST.has(status)) return `status ${status}`;
  if (OWN_FAULT.test(text) && !UNREAD.test(text)) return "the server takes the fault for its own";
  if (INJECTED.test(text)) return "a header that the caller has written";
  if (shut && status >= 200 && status < 400) return "let in without a key";
  return undefined;
}

function tell({ method, target, headers, body, lie }: OddRequest): string {
  const shown = headers.map(([name, value]) => `${name}: ${value.slice(0, 80)}`).join(" | ");
  return `${method} ${target.slice(0, 200)} {${shown}} ${body.length} bytes${lie === undefined ? "" : `, said ${lie}`}`;
}
