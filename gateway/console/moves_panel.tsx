/** Rebalances and drains: how far they are, and what can be done with them. */
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { Change } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { cluster } from "./api.ts";
import { nameOf } from "./cluster_state.ts";
import { confirm } from "./confirm.tsx";
import { dateText, plural, sizeText, timeText } from "./format.ts";
import { attempt } from "./notices.tsx";
import { PlanText } from "./plan_text.tsx";
import { usePolled } from "./poll.ts";

const EVERY_MS = 2000;
const SHOWN = 6;

/** The panel. */
export function MovesPanel() {
  const { value, error, again } = usePolled(EVERY_MS, (signal) => cluster.getMoves({}, { signal }));
  const act = async (call: () => Promise<unknown>) => {
    await attempt(call);
    again();
  };
  const rebalance = async () => {
    const body = (
      <>
        <p>Moves chunks to where the ring says. Readers and writers notice nothing of it.</p>
        <PlanText change={{ case: "rebalance", value: true }} />
      </>
    );
    if (await confirm({ title: "Rebalance?", body, action: "Start" })) await act(() => cluster.startRebalance({}));
  };
  const busy = value?.changes.some(({ state, serverId }) =>
    serverId === "" && (state === "running" || state === "paused")
  );
  return (
    <section class="card" aria-labelledby="moves">
      <header class="card-head">
        <h2 id="moves">Moves</h2>
        <button type="button" disabled={busy} onClick={() => void rebalance()}>Rebalance…</button>
      </header>
      {error !== "" && <p class="trouble">{error}</p>}
      {value?.changes.length === 0 && <p class="hint">Nothing was rebalanced or drained yet.</p>}
      {value !== undefined && value.bytesPerSecond > 0n && (
        <p>{sizeText(value.bytesPerSecond)}/s, {timeText(Number(value.secondsLeft))} left.</p>
      )}
      <ul class="lines">
        {value?.changes.slice(0, SHOWN).map((change) => <Row key={change.id} change={change} act={act} />)}
      </ul>
    </section>
  );
}

function Row({ change, act }: { change: Change; act: (call: () => Promise<unknown>) => Promise<void> }) {
  const { id, serverId, state, chunksDone, chunksLeft, bytesDone, bytesLeft, planned, problem, holds } = change;
  const title = serverId === "" ? "Rebalance" : `Drain of ${nameOf(serverId)}`;
  const open = state === "running" || state === "paused";
  const all = Number(bytesDone + bytesLeft);
  return (
    <li>
      <div class="line-head">
        <strong>{title}</strong>
        <span class={`badge ${state === "running" ? "warn" : state === "done" ? "good" : ""}`}>{state}</span>
        <span class="faint">{whenText(change.startedAt)}</span>
      </div>
      {open && (
        <progress
          max={1}
          {...(planned || all > 0 ? { value: Number(bytesDone) / Math.max(1, all) } : {})}
          aria-label={title}
        />
      )}
      <span class="faint">
        {plural(chunksDone, "chunk")} moved, {sizeText(bytesDone)}
        {open && `; ${planned ? "" : "at least "}${plural(chunksLeft, "chunk")} left, ${sizeText(bytesLeft)}`}
      </span>
      {problem !== "" && <span class="hint">{problem}</span>}
      {open && holds !== "" && <span class="hint">{holds}</span>}
      {change.safeToRemove && <span class="survival good">Safe to remove.</span>}
      {open && (
        <div class="buttons">
          {state === "running"
            ? <button type="button" onClick={() => void act(() => cluster.pauseMoves({ changeId: id }))}>Pause</button>
            : (
              <button type="button" onClick={() => void act(() => cluster.resumeMoves({ changeId: id }))}>
                Resume
              </button>
            )}
          {serverId === "" && (
            <button type="button" onClick={() => void act(() => cluster.stopMoves({ changeId: id }))}>Stop</button>
          )}
        </div>
      )}
    </li>
  );
}

function whenText(time: Timestamp | undefined): string {
  return time === undefined ? "" : dateText(timestampDate(time));
}
