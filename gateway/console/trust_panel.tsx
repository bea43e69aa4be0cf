/** Shown only where a person is asked: the database is doubted, or a disk has much that it does not know. */
import { cluster } from "./api.ts";
import { nameOf } from "./cluster_state.ts";
import { confirm } from "./confirm.tsx";
import { countText } from "./format.ts";
import { attempt, notify } from "./notices.tsx";
import { usePolled } from "./poll.ts";

const EVERY_MS = 10_000;

/** The panel, or nothing. */
export function TrustPanel() {
  const { value, again } = usePolled(EVERY_MS, (signal) => cluster.listReconciliations({}, { signal }));
  const halted = value?.reconciliations.filter(({ state }) => state === "halted") ?? [];
  const doubt = value?.doubt ?? "";
  if (doubt === "" && halted.length === 0) return null;
  return (
    <section class="card" aria-labelledby="trust">
      <h2 id="trust">The database and the disks</h2>
      {doubt !== "" && (
        <p class="trouble">
          Nothing is removed from the disks: {doubt}.{" "}
          <button type="button" onClick={() => void believe().then(again)}>It is the right one…</button>
        </p>
      )}
      {halted.map(({ serverId, strays, listed }) => (
        <p class="trouble" key={serverId}>
          Of {countText(listed)} chunks on {nameOf(serverId)}, the database does not know {countText(strays)}.{" "}
          <button type="button" onClick={() => void allow(serverId).then(again)}>Set them aside…</button>
        </p>
      ))}
    </section>
  );
}

async function believe(): Promise<void> {
  const body = <p>What it does not know may be removed from the disks then. Is everything there that should be?</p>;
  if (!await confirm({ title: "Confirm the database?", body, action: "Confirm", danger: true })) return;
  if (await attempt(() => cluster.confirmDatabase({}))) notify("The database is believed.");
}

async function allow(serverId: string): Promise<void> {
  const body = <p>The next comparison takes them away. They lie in quarantine for 24 hours.</p>;
  if (!await confirm({ title: "Set them aside?", body, action: "Set aside", danger: true })) return;
  await attempt(() => cluster.allowReconciliation({ serverId }));
}
