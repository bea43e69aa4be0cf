/** Mixed load: clients that put, at once and in parts, read whole files and ranges, and delete, and check every byte. */
import type { Content } from "../faults/content.ts";
import type { Outcome } from "../faults/file_client.ts";
import { getFile } from "../faults/file_client.ts";
import { Random } from "../faults/random.ts";
import type { Stage } from "../faults/stage.ts";
import type { Tally } from "../faults/tally.ts";
import { completeUpload, openUpload, putPart } from "../faults/upload_client.ts";

/** Files that one client keeps at most. */
const KEEP = 30;
/** A call that may fail is made again for so long, in ms. */
const RETRY_MS = 60_000;
const PAUSE_MS = 250;

/** Tells whether a failed call that began and ended then may be made again: a gateway or PostgreSQL suffered. */
export type Excuse = (began: number, ended: number) => boolean;

/** One client with keys of its own, until the signal aborts. */
export async function runClient(
  stage: Stage,
  number: number,
  seed: number,
  tally: Tally,
  excuse: Excuse,
  signal: AbortSignal,
): Promise<void> {
  const random = new Random(seed * 1000 + number);
  const living = new Map<string, Content>();
  const deleted: string[] = [];
  let made = 0;

  /** Makes a call until it succeeds or has no excuse. */
  const insist = async (what: string, right: readonly number[], call: (gateway: number) => Promise<Outcome>) => {
    const until = Date.now() + RETRY_MS;
    for (let gateway = random.between(0, 2);; gateway++) {
      const began = Date.now();
      const outcome = await call(gateway % Math.max(1, stage.gateways.length));
      tally.slowest = Math.max(tally.slowest, outcome.ms);
      tally.bytes += outcome.bytes;
      if (outcome.wrong !== undefined) tally.faults.push(`${what}: ${outcome.wrong}`);
      if (right.includes(outcome.status) || outcome.wrong !== undefined) return outcome;
      if (!excuse(began, Date.now()) || Date.now() > until) {
        tally.faults.push(`${what}: ${outcome.status} ${outcome.code} after ${outcome.ms} ms`);
        return outcome;
      }
      tally.retries++;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };

  const put = async () => {
    const key = living.size > 0 && random.next() < 0.2 ? random.pick([...living.keys()]) : `${number}-${made++}`;
    const content = stage.content(sizeOf(random));
    const { status } = await insist(`put ${key}`, [201], (gateway) => stage.put(key, content, gateway));
    if (status !== 201) return void living.delete(key);
    living.set(key, content);
    tally.bytes += content.size;
    tally.add("puts");
  };
  const putInParts = async () => {
    const key = `${number}-${made++}`;
    const content = stage.content(sizeOf(random));
    const at = (gateway: number, path: string) => `${stage.gateways[gateway]?.url}${path}`;
    await stage.manifest.begin(key, content);
    let path = "";
    await insist(`open ${key}`, [201], async (gateway) => {
      const opened = await openUpload(stage.url(key, gateway), content);
      path = opened.path;
      return opened;
    });
    const length = Math.ceil(content.size / random.between(1, 6));
    const starts = Array.from({ length: Math.ceil(content.size / length) }, (_, i) => i * length).reverse();
    await Promise.all(starts.map(async (from) => {
      const to = Math.min(from + length, content.size);
      await insist(`part ${from} of ${key}`, [200], (gateway) => putPart(at(gateway, path), content, from, to));
    }));
    const { status } = await insist(`complete ${key}`, [200], (gateway) => completeUpload(at(gateway, path)));
    if (status !== 200) return;
    await stage.manifest.acknowledge(key, content);
    living.set(key, content);
    tally.bytes += content.size;
    tally.add("puts in parts");
  };
  const get = async () => {
    const key = random.pick([...living.keys()]);
    const content = living.get(key);
    if (content === undefined) return;
    const from = random.next() < 0.5 ? 0 : random.between(0, content.size);
    const to = from === 0 ? content.size : random.between(from + 1, content.size + 1);
    const right = from === 0 ? [200] : [206, 200];
    await insist(`get ${key}`, right, (gateway) => stage.get(key, content, gateway, { from, to }));
    tally.add("gets");
  };
  const remove = async () => {
    const key = living.size > KEEP ? [...living.keys()][0] : random.pick([...living.keys()]);
    if (key === undefined) return;
    living.delete(key);
    const { status } = await insist(`delete ${key}`, [204, 404], (gateway) => stage.remove(key, gateway));
    if (status === 204) deleted.push(key);
    tally.add("deletes");
  };
  const miss = async () => {
    const key = random.pick(deleted);
    const nothing = stage.content(0);
    const { status } = await insist(
      `look for ${key}`,
      [404, 200],
      (gateway) => getFile(stage.url(key, gateway), nothing),
    );
    if (status === 200) tally.faults.push(`${key} was deleted and came back`);
    tally.add("looks for deleted files");
  };

  while (!signal.aborted) {
    const chance = random.next();
    if (living.size === 0 || (chance < 0.4 && living.size <= KEEP)) await (chance < 0.1 ? putInParts() : put());
    else if (chance < 0.8) await get();
    else if (chance < 0.85 && deleted.length > 0) await miss();
    else await remove();
  }
}

/** Many small files, some of a few MiB, some large ones: inline, one stripe, many stripes. */
function sizeOf(random: Random): number {
  const chance = random.next();
  if (chance < 0.3) return random.between(0, 32 * 1024);
  if (chance < 0.8) return random.between(32 * 1024, 2 * 1024 * 1024);
  return random.between(4 * 1024 * 1024, 20 * 1024 * 1024);
}
