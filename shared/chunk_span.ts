/** What spans say of the chunk that they are about. */
import type { Attributes } from "./telemetry.ts";

const INDEX = /^[0-5]$/;

/** The server that has it, its id and, where that is one, its index. */
export function chunkAttributes(serverId: string, chunkId: string): Attributes {
  const index = chunkId.split(".")[2] ?? "";
  return {
    "sixfold.server.id": serverId,
    "sixfold.chunk.id": chunkId,
    "sixfold.chunk.index": INDEX.test(index) ? Number(index) : undefined,
  };
}
