/** One server, and what an operator can do with it. */
import { BreakerState, type Server } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { ServerState } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { cluster } from "./api.ts";
import { colourOf, nameOf } from "./cluster_state.ts";
import { confirm } from "./confirm.tsx";
import { countText, percentText, sizeText, timeText } from "./format.ts";
import { attempt, notify } from "./notices.tsx";
import { PlanText } from "./plan_text.tsx";

const STATES: Readonly<Record<ServerState, readonly [word: string, mood: string]>> = {
  [ServerState.UNSPECIFIED]: ["unknown", "warn"],
  [ServerState.ACTIVE]: ["active", "good"],
  [ServerState.FULL]: ["full", "warn"],
  [ServerState.DRAINING]: ["draining", "warn"],
  [ServerState.STOPPED]: ["stopped", "bad"],
  [ServerState.INACTIVE]: ["away", "bad"],
};
const BREAKERS: Readonly<Record<BreakerState, string>> = {
  [BreakerState.UNSPECIFIED]: "not told",
  [BreakerState.CLOSED]: "closed",
  [BreakerState.OPEN]: "open: not called now",
  [BreakerState.HALF_OPEN]: "half open: on trial",
};

/** The card. */
export function ServerCard({ server }: { server: Server }) {
  const { id, state, zone, weight, usedBytes, freeBytes, breaker, stateReason, lastError, unreachable } = server;
  const [word, mood] = unreachable === "" ? STATES[state] : ["no answer", "bad"];
  const share = Number(usedBytes) / Math.max(1, Number(usedBytes + freeBytes));
  const facts: [string, string][] = [
    ["Heartbeat", `${timeText(Number(server.heartbeatAgeMs) / 1000)} ago`],
    ["Breaker", BREAKERS[breaker]],
    ["Calls", `${countText(server.calls)}, ${countText(server.failedCalls)} failed`],
    ["First byte", server.usualReadMs === 0 ? "–" : `${server.usualReadMs.toFixed(1)} ms`],
  ];
  if (zone !== "") facts.push(["Zone", zone]);
  if (weight !== 1) facts.push(["Weight", String(weight)]);
  return (
    <li class="card server">
      <header>
        <span class={`dot ${colourOf(id)}`} aria-hidden="true" />
        <h3 title={id}>{nameOf(id)}</h3>
        <span class={`badge ${mood}`}>{word}</span>
      </header>
      <meter
        class="space"
        min={0}
        max={1}
        high={0.85}
        optimum={0}
        value={share}
        aria-label={`Space used of ${nameOf(id)}`}
      />
      <p class="faint">{sizeText(usedBytes)} used, {sizeText(freeBytes)} free ({percentText(share)})</p>
      <dl class="facts tight">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {unreachable !== "" && <p class="trouble">{unreachable}</p>}
      {stateReason !== "" && <p class={mood === "bad" ? "trouble" : "hint"}>{stateReason}</p>}
      {breaker !== BreakerState.CLOSED && lastError !== "" && <p class="hint">{lastError}</p>}
      <div class="buttons">
        {state === ServerState.DRAINING
          ? (
            <>
              <button type="button" onClick={() => void keep(id)}>Keep it after all</button>
              <button type="button" class="danger" onClick={() => void remove(id)}>Remove</button>
            </>
          )
          : <button type="button" onClick={() => void drain(id)}>Drain…</button>}
      </div>
    </li>
  );
}

async function drain(id: string): Promise<void> {
  const title = `Drain ${nameOf(id)}?`;
  const body = (
    <>
      <p>It takes no new chunks, and what it has moves to the others. It goes on serving meanwhile.</p>
      <PlanText change={{ case: "drainServerId", value: id }} />
    </>
  );
  if (!await confirm({ title, body, action: "Drain" })) return;
  await attempt(() => cluster.drainServer({ serverId: id }));
}

async function keep(id: string): Promise<void> {
  if (await attempt(() => cluster.cancelDrain({ serverId: id }))) notify(`${nameOf(id)} takes chunks again.`);
}

/** Only what is empty goes from here: to remove by force is for the command line. */
async function remove(id: string): Promise<void> {
  const body = <p>Once nothing is left on it. Its daemon then stops by itself.</p>;
  if (!await confirm({ title: `Remove ${nameOf(id)}?`, body, action: "Remove", danger: true })) return;
  if (await attempt(() => cluster.removeServer({ serverId: id }))) notify("The server is removed.");
}
