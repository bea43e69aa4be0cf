/** The cluster: its servers, its ring, and what is being mended and moved. */
import { servers, trouble } from "./cluster_state.ts";
import { plural, sizeText } from "./format.ts";
import { LivePanel } from "./live_panel.tsx";
import { MovesPanel } from "./moves_panel.tsx";
import { RepairsPanel } from "./repairs_panel.tsx";
import { RingPanel } from "./ring_panel.tsx";
import { ServerCard } from "./server_card.tsx";
import { TrustPanel } from "./trust_panel.tsx";

/** The page. */
export function ClusterPage() {
  const all = servers.value ?? [];
  const used = all.reduce((sum, { usedBytes }) => sum + usedBytes, 0n);
  const free = all.reduce((sum, { freeBytes }) => sum + freeBytes, 0n);
  return (
    <>
      <header class="page-head">
        <h1>Cluster</h1>
        <p class="faint">{plural(all.length, "server")} · {sizeText(used)} used · {sizeText(free)} free</p>
      </header>
      {trouble.value !== "" && <p class="trouble">{trouble.value}</p>}
      <TrustPanel />
      <LivePanel />
      <section aria-labelledby="servers">
        <h2 id="servers">Servers</h2>
        {all.length === 0 && servers.value !== undefined && (
          <p class="hint">No server has registered yet. Start a daemon, and it shows here.</p>
        )}
        <ul class="cards">
          {all.map((server) => <ServerCard key={server.id} server={server} />)}
        </ul>
      </section>
      <div class="halves">
        <RingPanel />
        <div class="stack">
          <RepairsPanel />
          <MovesPanel />
        </div>
      </div>
    </>
  );
}
