/** Where the six chunks of each of a file's segments are, and what may still be lost. */
import { useState } from "preact/hooks";
import type { ChunkLocation, LocateResponse } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { answers, colourOf, nameOf } from "./cluster_state.ts";
import { plural, sizeText } from "./format.ts";
import { lossesLeft, survivalText } from "./survival.ts";

const CHUNKS = 6;
const FEW = 4;

/** The map. */
export function ChunkMap({ place: { chunks, segments } }: { place: LocateResponse }) {
  const [all, setAll] = useState(false);
  const losses = segments.length === 0 ? undefined : lossesLeft(segments, chunks, answers);
  return (
    <section aria-labelledby="chunks">
      <h3 id="chunks">Chunks</h3>
      {losses === undefined
        ? <p>Small enough to live in PostgreSQL: it has no chunks, and is as durable as the database.</p>
        : <p class={`survival ${losses < 0 ? "bad" : losses === 0 ? "warn" : "good"}`}>{survivalText(losses)}</p>}
      {segments.slice(0, all ? segments.length : FEW).map(({ segment, length, k, m }) => (
        <figure key={segment} class="segment">
          {segments.length > 1 && <figcaption>Segment {segment}, {sizeText(length)}, {k}+{m}</figcaption>}
          <ol class="chunks">
            {Array.from({ length: CHUNKS }, (_, index) => (
              <Chunk
                key={index}
                index={index}
                isParity={index >= k}
                chunk={chunks.find((chunk) => chunk.segment === segment && chunk.index === index)}
              />
            ))}
          </ol>
        </figure>
      ))}
      {segments.length > FEW && !all && (
        <button type="button" onClick={() => setAll(true)}>Show all {plural(segments.length, "segment")}</button>
      )}
    </section>
  );
}

function Chunk({ index, isParity, chunk }: { index: number; isParity: boolean; chunk: ChunkLocation | undefined }) {
  const kind = isParity ? "parity" : "data";
  const away = chunk === undefined || !answers(chunk.serverId);
  return (
    <li class={`chunk ${chunk === undefined ? "gone" : colourOf(chunk.serverId)}${away ? " away" : ""}`}>
      <span class="chunk-kind">{index} · {kind}</span>
      <strong>{chunk === undefined ? "missing" : nameOf(chunk.serverId)}</strong>
      <span>{chunk === undefined ? "waits for repair" : away ? "server is away" : sizeText(chunk.length)}</span>
    </li>
  );
}
