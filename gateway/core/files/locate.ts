/** Where the chunks of a file are, and how each of them is. */
import { verifiedAt } from "../../../shared/scrub_turns.ts";
import { listDamage, listScrubs } from "../../db/chunk_state.ts";
import type { ChunkRow, Manifest } from "../../db/files.ts";
import { readManifest } from "./files.ts";
import type { Store } from "../segments/store.ts";

/** A chunk, and how it is. */
export interface LocatedChunk extends ChunkRow {
  readonly segment: number;
  /** When its disk has last read it again, in ms since 1970; undefined where it has not. */
  readonly verifiedAt: number | undefined;
  /** Why it has to be rebuilt; empty where it has not. */
  readonly damage: string;
}

/** @throws SixfoldError `not_found` */
export async function locateFile(
  store: Store,
  bucket: string,
  key: string,
): Promise<{ readonly manifest: Manifest; readonly chunks: readonly LocatedChunk[] }> {
  const manifest = await readManifest(store, bucket, key);
  const { file, segments } = manifest;
  const [scrubs, damaged] = await Promise.all([listScrubs(store.sql), listDamage(store.sql, file.id)]);
  const progress = new Map(scrubs.map(({ serverId, scrub }) => [serverId, scrub]));
  const reasons = new Map(damaged.map(({ segment, index, reason }) => [`${segment}.${index}`, reason]));
  const chunks = segments.flatMap(({ number, chunks }) =>
    chunks.map((chunk): LocatedChunk => {
      const scrub = progress.get(chunk.serverId) ?? null;
      return {
        ...chunk,
        segment: number,
        verifiedAt: scrub === null ? undefined : verifiedAt(chunk.chunkId, file.createdAt.getTime(), scrub),
        damage: reasons.get(`${number}.${chunk.index}`) ?? "",
      };
    })
  );
  return { manifest, chunks };
}
