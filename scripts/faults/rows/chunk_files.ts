/** Chunk files that change behind the daemon's back. */
import { ALWAYS, check, type Row } from "../row.ts";
import { during } from "../during.ts";
import { Random } from "../random.ts";
import type { Stage } from "../stage.ts";

const KIB = 1024;
/** Bits that are flipped, one after another, anywhere in the chunks of a file: headers, frames, data, footers. */
const FLIPS = 10_000;
/** So many flips lie between two looks at which files there are. */
const LOOK = 50;

type Damage = (path: string, bytes: Uint8Array) => Promise<void>;

/** What can be done to a chunk file, and is undone by writing it again. */
const DAMAGES: Readonly<Record<string, Damage>> = {
  "cut by a page": (path, bytes) => Deno.truncate(path, bytes.length - 4096),
  "cut by a byte": (path, bytes) => Deno.truncate(path, bytes.length - 1),
  "empty": (path) => Deno.truncate(path, 0),
  "longer by a byte": (path) => Deno.writeFile(path, new Uint8Array(1), { append: true }),
  "longer by a page": (path) => Deno.writeFile(path, new Uint8Array(4096), { append: true }),
  "missing": (path) => Deno.remove(path),
  "all zeros": (path, bytes) => Deno.writeFile(path, new Uint8Array(bytes.length)),
};

async function pathsOf(stage: Stage): Promise<string[]> {
  return (await Promise.all(stage.daemons.map((daemon) => daemon.chunkPaths()))).flat();
}

/** Damages one file and keeps what it was. One that a repair has replaced since it was listed may be gone: nothing is lost. */
async function harm(path: string, damage: Damage, saved: Map<string, Uint8Array>): Promise<void> {
  try {
    const bytes = await Deno.readFile(path);
    await damage(path, bytes);
    saved.set(path, bytes);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function flipEverywhere(stage: Stage, flips: number): Promise<void> {
  const content = stage.content(90 * KIB);
  await stage.put("flipped", content);
  const random = new Random(21);
  let files = await namedFiles(stage);
  for (let flipped = 0; flipped < flips;) {
    const [path, bytes] = random.pick([...files]);
    const at = random.between(0, bytes.length);
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] ?? 0) ^ (1 << random.between(0, 8));
    const isThere = await rewrite(path, damaged);
    if (isThere) {
      const { status, wrong, code } = await stage.get("flipped", content, 0);
      check(
        status === 200 && wrong === undefined,
        `a bit of byte ${at} of ${bytes.length}: ${status} ${wrong ?? code}`,
      );
      flipped++;
    }
    // A repair that was queued by an earlier flip may have replaced any of them: then there are others.
    if (!isThere || !(await rewrite(path, bytes)) || flipped % LOOK === 0) files = await namedFiles(stage);
  }
}

/** Writes a file that must be there already. @returns whether it is */
async function rewrite(path: string, bytes: Uint8Array): Promise<boolean> {
  return await Deno.writeFile(path, bytes, { create: false }).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}

/** The chunk files that PostgreSQL names, with what is in them. */
async function namedFiles(stage: Stage): Promise<Map<string, Uint8Array>> {
  const named = new Set((await stage.ledger.chunks()).map(({ chunkId }) => chunkId));
  const found = new Map<string, Uint8Array>();
  for (const path of await pathsOf(stage)) {
    const bytes = named.has(nameOf(path)) ? await Deno.readFile(path).catch(() => undefined) : undefined;
    if (bytes !== undefined) found.set(path, bytes);
  }
  return found;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** See above. */
export const CHUNK_FILE_ROWS: readonly Row[] = [
  {
    number: 21,
    name: "a bit flips on a disk",
    inject: `${FLIPS} single bits of chunk files, each flipped alone and read over`,
    expect: "the damage is seen before delivery, and the right bytes are served",
    phases: ["once"],
    run: (stage) => flipEverywhere(stage, FLIPS),
  },
  {
    number: 22,
    name: "chunk files are cut, longer, empty, zeroed or missing",
    inject: "truncate, append and rm, for every chunk of one daemon",
    expect: "no call fails; the right bytes are served",
    phases: ALWAYS,
    quick: ["idle"],
    run: async (stage, phase) => {
      for (const [name, damage] of Object.entries(DAMAGES)) {
        if (phase !== "idle" && name.startsWith("cut by a b")) continue;
        const saved = new Map<string, Uint8Array>();
        const inject = async () => {
          for (const path of await stage.daemon(1).chunkPaths()) {
            await harm(path, damage, saved);
          }
        };
        const heal = async () => {
          // Not what has been replaced or deleted meanwhile: its file has gone for good.
          const named = new Set((await stage.ledger.chunks()).map(({ chunkId }) => chunkId));
          for (const [path, bytes] of saved) {
            if (named.has(nameOf(path))) await Deno.writeFile(path, bytes);
          }
        };
        await during(stage, phase, { inject, heal }).catch((error) => {
          throw new Error(`${name}: ${error.message}`);
        });
      }
    },
  },
];
