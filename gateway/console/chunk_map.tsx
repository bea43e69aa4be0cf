/** Where the six chunks of each of a file's segments are, and what may still be lost. */
import { useState } from "preact/hooks";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { ChunkLocation, LocateResponse } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { answers, colourOf, nameOf } from "./cluster_state.ts";
import { dateText, plural, sizeText, timeText } from "./format.ts";
import { lossesLeft, survivalText } from "./survival.ts";

const CHUNKS = 6;
const FEW = 4;

/** The map. */
export function ChunkMap({ place: { chunks, segments } }: { place: LocateResponse }) {
  const [all, setAll] = useState(false);
  const sound = chunks.filter(({ damage }) => damage === "");
  const losses = segments.length === 0 ? undefined : lossesLeft(segments, sound, answers);
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

interface ChunkProps {
  readonly index: number;
  readonly isParity: boolean;
  readonly chunk: ChunkLocation | undefined;
}

function Chunk({ index, isParity, chunk }: ChunkProps) {
  const away = chunk === undefined || !answers(chunk.serverId);
  const bad = away || chunk.damage !== "";
  return (
    <li class={`chunk ${chunk === undefined ? "gone" : colourOf(chunk.serverId)}${bad ? " away" : ""}`}>
      <span class="chunk-kind">{index} · {isParity ? "parity" : "data"}</span>
      <strong>{chunk === undefined ? "missing" : nameOf(chunk.serverId)}</strong>
      {chunk === undefined
        ? <span>waits for repair</span>
        : away
        ? <span>server is away</span>
        : chunk.damage !== ""
        ? <span>waits for repair: {chunk.damage}</span>
        : (
          <>
            <span>{sizeText(chunk.length)}</span>
            <Verified at={chunk.verifiedAt} />
          </>
        )}
    </li>
  );
}

/** When its disk has last read the chunk again. */
function Verified({ at }: { at: Timestamp | undefined }) {
  if (at === undefined) return <span class="faint">not re-read yet</span>;
  const date = timestampDate(at);
  return <span class="faint" title={dateText(date)}>verified {timeText((Date.now() - date.getTime()) / 1000)} ago
  </span>;
}
