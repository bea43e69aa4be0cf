/** What would be lost: servers are chosen, and the files counted that could not be read without them. */
import { useState } from "preact/hooks";
import type { PreviewLossResponse } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { cluster } from "./api.ts";
import { colourOf, isUp, nameOf, servers } from "./cluster_state.ts";
import { countText, plural, sizeText } from "./format.ts";
import { usePolled } from "./poll.ts";

const EVERY_MS = 10_000;

/** The page. */
export function LossPage() {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const { value, error } = usePolled(
    EVERY_MS,
    (signal) => cluster.previewLoss({ serverIds: [...chosen] }, { signal }),
    chosen.join(),
  );
  const toggle = (id: string, on: boolean) =>
    setChosen(on ? [...chosen, id].sort() : chosen.filter((other) => other !== id));
  return (
    <>
      <header class="page-head">
        <h1>What would I lose</h1>
        <p class="faint">
          Choose servers, and see what would become of the files if they were gone for good. Nothing happens.
        </p>
      </header>
      <fieldset class="choices">
        <legend>Lost servers</legend>
        {(servers.value ?? []).map(({ id }) => (
          <label key={id} class="choice">
            <input
              type="checkbox"
              checked={chosen.includes(id)}
              onChange={({ currentTarget }) => toggle(id, currentTarget.checked)}
            />
            <span class={`dot ${colourOf(id)}`} aria-hidden="true" />
            <span class="name">{nameOf(id)}</span>
            {!isUp(id) && <span class="badge bad">away already</span>}
          </label>
        ))}
      </fieldset>
      {error !== "" && <p class="trouble">{error}</p>}
      <div role="status" aria-live="polite">
        {value === undefined && error === ""
          ? <p class="hint">Counting…</p>
          : value && <Answer loss={value} lost={chosen.length} />}
      </div>
    </>
  );
}

function Answer({ loss, lost }: { loss: PreviewLossResponse; lost: number }) {
  const { unreadable, unreadableBytes, atRisk, atRiskBytes, safe, safeBytes } = loss;
  const kinds = [
    {
      mood: "bad",
      title: "Unreadable",
      count: unreadable,
      bytes: unreadableBytes,
      told: "too few chunks would be left",
    },
    { mood: "warn", title: "At risk", count: atRisk, bytes: atRiskBytes, told: "readable, until one more chunk goes" },
    { mood: "good", title: "Safe", count: safe, bytes: safeBytes, told: "at least one more chunk may go" },
  ];
  const all = unreadable + atRisk + safe;
  const begin = lost === 0 ? "As things are" : `Without ${lost === 1 ? "this server" : `these ${lost} servers`}`;
  return (
    <>
      <p class={`verdict ${unreadable > 0n ? "bad" : atRisk > 0n ? "warn" : "good"}`}>
        {begin}, {unreadable === 0n ? "no file would be lost" : `${plural(unreadable, "file")} would be lost`}
        {all === 0n ? ": there is none." : ` of ${countText(all)}.`}
      </p>
      {all > 0n && (
        <div class="bar" aria-hidden="true">
          {kinds.map(({ mood, count }) =>
            count > 0n && <span key={mood} class={mood} style={{ flexGrow: Number(count) }} />
          )}
        </div>
      )}
      <ul class="tallies">
        {kinds.map(({ mood, title, count, bytes, told }) => (
          <li key={mood} class={`card tally ${mood}`}>
            <h2>{title}</h2>
            <strong>{countText(count)}</strong>
            <p>{Number(count) === 1 ? "file" : "files"}, {sizeText(bytes)}</p>
            <p class="faint">{told}</p>
          </li>
        ))}
      </ul>
    </>
  );
}
