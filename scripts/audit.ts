/** Compares the disks of a cluster at rest with its database: what is wrong, a sentence each. */
import postgres from "postgres";
import { chunkFileSize } from "../shared/chunk_format.ts";
import { CHUNKS } from "../shared/layout.ts";
import { until } from "./programs.ts";

/** A row that names a chunk. */
interface NamedChunk {
  readonly chunk_id: string;
  readonly server_id: string;
  readonly length: string;
  readonly block_size: number;
}

/** A segment and how its chunks lie. */
interface SegmentState {
  readonly file_id: string;
  readonly number: number;
  readonly m: number;
  readonly chunks: number;
  /** Chunks on the server that has the most of them. */
  readonly most: number;
}

/** The most sentences of one kind. */
const MOST = 20;

/**
 * Audits a cluster to which nothing happens now, after its grace time: every chunk file has a row and every row its file
 * of the right size, every segment has six chunks and never more than m of them on one server, nothing lies in tmp/.
 * @param databaseUrl its PostgreSQL
 * @param folders the data folders of its daemons; a server whose folder is not among them counts as lost
 */
export async function auditCluster(databaseUrl: string, folders: readonly string[]): Promise<string[]> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const faults = new Faults();
    const disks = new Map<string, Map<string, number>>();
    for (const folder of folders) {
      const { serverId } = JSON.parse(await Deno.readTextFile(`${folder}/server.json`));
      disks.set(serverId, await sizes(`${folder}/chunks`));
      for (const name of (await sizes(`${folder}/tmp`)).keys()) faults.add("leftover", `${folder}/tmp holds ${name}`);
    }
    const named = await namedChunks(sql);
    const names = new Set(named.map(({ server_id, chunk_id }) => `${server_id}/${chunk_id}`));
    for (const [serverId, files] of disks) {
      for (const name of files.keys()) {
        if (!names.has(`${serverId}/${name}`)) {
          faults.add("stray", `server ${serverId} keeps ${name}, which no row names`);
        }
      }
    }
    for (const { chunk_id, server_id, length, block_size } of named) {
      const size = disks.get(server_id)?.get(chunk_id);
      const right = chunkFileSize(Number(length), block_size);
      if (size === undefined) {
        faults.add("lost", `the row of ${chunk_id} names server ${server_id}, which has no such file`);
      } else if (size !== right) {
        faults.add("size", `${chunk_id} on ${server_id} has ${size} bytes, and should have ${right}`);
      }
    }
    for (const { file_id, number, m, chunks, most } of await segmentStates(sql)) {
      const name = `segment ${number} of file ${file_id}`;
      if (chunks < CHUNKS) faults.add("thin", `${name} has ${chunks} chunks`);
      if (most > Math.max(1, m)) faults.add("crowded", `${name} has ${most} chunks on one server`);
    }
    return faults.sentences();
  } finally {
    await sql.end();
  }
}

/**
 * Waits until an audit finds nothing. What a server has missed may be on its way there still, in `tmp/` or as a repair.
 * @param more what has to be over besides: a sentence for each thing that is not
 * @throws Error with what was found last
 */
export async function untilWhole(
  databaseUrl: string,
  folders: readonly string[],
  ms = 60_000,
  more: () => Promise<string[]> = () => Promise.resolve([]),
): Promise<void> {
  let faults: string[] = [];
  await until("the cluster is not whole", ms, async () => {
    faults = [...await more(), ...await auditCluster(databaseUrl, folders)];
    return faults.length === 0;
  }).catch((cause) => {
    throw new Error(`${cause.message}: ${faults.join("; ")}`, { cause });
  });
}

/** Sentences by kind, of each kind at most so many. */
class Faults {
  readonly #byKind = new Map<string, string[]>();

  add(kind: string, sentence: string): void {
    this.#byKind.set(kind, [...this.#byKind.get(kind) ?? [], sentence]);
  }

  sentences(): string[] {
    return [...this.#byKind.values()].flatMap((all) => {
      return all.length <= MOST ? all : [...all.slice(0, MOST), `… and ${all.length - MOST} more like this`];
    });
  }
}

async function namedChunks(sql: postgres.Sql): Promise<NamedChunk[]> {
  const ofFiles = await sql<NamedChunk[]>`
    SELECT c.chunk_id, c.server_id, c.length, s.block_size
    FROM chunks c JOIN segments s ON s.file_id = c.file_id AND s.number = c.segment`;
  const ofParts = await sql<NamedChunk[]>`
    SELECT c.chunk_id, c.server_id, c.length, p.block_size
    FROM part_chunks c JOIN parts p USING (upload_id, segment)`;
  return [...ofFiles, ...ofParts];
}

async function segmentStates(sql: postgres.Sql): Promise<SegmentState[]> {
  return await sql<SegmentState[]>`
    SELECT file_id, number, m, coalesce(sum(n), 0)::int AS chunks, coalesce(max(n), 0)::int AS most
    FROM segments LEFT JOIN (
      SELECT file_id, segment AS number, server_id, count(*) AS n FROM chunks GROUP BY 1, 2, 3) c
      USING (file_id, number)
    WHERE inline IS NULL
    GROUP BY file_id, number, m`;
}

/** The sizes of all files below a folder, by name. */
async function sizes(folder: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) { for (const [inner, size] of await sizes(path)) found.set(inner, size); }
    // A file that goes while it is looked at is none.
    else await Deno.stat(path).then(({ size }) => found.set(name, size), () => {});
  }
  return found;
}
