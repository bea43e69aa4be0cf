/** What spans say of the chunk that they are about. */
import type { Attributes } from "./telemetry.ts";

/** The chunk's id and, where that is one, its index. */
export function chunkAttributes(chunkId: string): Attributes {
  const index = /^[^.]+\.\d+\.([0-5])\.\d+$/.exec(chunkId)?.[1];
  return { "sixfold.chunk.id": chunkId, ...(index && { "sixfold.chunk.index": Number(index) }) };
}
