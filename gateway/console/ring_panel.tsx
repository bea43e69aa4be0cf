/** The ring as a ring: the servers' arcs and shares, and the way of a key on it. */
import { useState } from "preact/hooks";
import type { GetRingResponse } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { cluster } from "./api.ts";
import { colourOf, nameOf } from "./cluster_state.ts";
import { percentText, plural } from "./format.ts";
import { usePolled } from "./poll.ts";
import { arcPath, arcsOf, walkFrom } from "./ring_arcs.ts";

const EVERY_MS = 5000;
const RADIUS = 84;
const CIRCLE = 2 ** 64;

/** The panel. */
export function RingPanel() {
  const [asked, setAsked] = useState({ bucket: "", key: "" });
  const [bright, setBright] = useState("");
  const { value, error } = usePolled(EVERY_MS, (signal) => cluster.getRing(asked, { signal }), asked.bucket, asked.key);
  return (
    <section class="card ring" aria-labelledby="ring">
      <h2 id="ring">Ring</h2>
      {error !== "" && <p class="trouble">{error}</p>}
      {value !== undefined && <Drawing ring={value} bright={bright} />}
      <ul class="legend">
        {value?.servers.map(({ serverId, share, positions }) => (
          <li
            key={serverId}
            tabIndex={0}
            class={bright === serverId ? "bright" : ""}
            onMouseEnter={() => setBright(serverId)}
            onMouseLeave={() => setBright("")}
            onFocus={() => setBright(serverId)}
            onBlur={() => setBright("")}
          >
            <span class={`dot ${colourOf(serverId)}`} aria-hidden="true" />
            <span class="name">{nameOf(serverId)}</span>
            <span class="faint">{plural(positions.length, "node")}</span>
            <strong>{percentText(share)}</strong>
          </li>
        ))}
      </ul>
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget);
          setAsked({ bucket: String(given.get("bucket")), key: String(given.get("key")) });
        }}
      >
        <label class="field">
          Bucket <input name="bucket" required size={8} />
        </label>
        <label class="field grow">
          Key <input name="key" required />
        </label>
        <button type="submit">Look up</button>
      </form>
      {value?.keyPosition !== undefined && (
        <Way ring={value} position={value.keyPosition} name={`${asked.bucket}/${asked.key}`} />
      )}
    </section>
  );
}

function Drawing({ ring: { servers, keyPosition }, bright }: { ring: GetRingResponse; bright: string }) {
  const nodes = servers.reduce((sum, { positions }) => sum + positions.length, 0);
  const told = servers.map(({ serverId, share }) => `${nameOf(serverId)} ${percentText(share)}`).join(", ");
  return (
    <svg class="ring-drawing" viewBox="-100 -100 200 200" role="img" aria-label={`The ring: ${told || "empty"}`}>
      <circle class="ring-bed" r={RADIUS} />
      {[...arcsOf(servers)].map(([serverId, arcs]) => (
        <path
          key={serverId}
          class={`arc ${colourOf(serverId)}${bright !== "" && bright !== serverId ? " dim" : ""}`}
          d={arcs.map((arc) => arcPath(arc, RADIUS)).join("")}
        />
      ))}
      {keyPosition !== undefined && (
        <g class="pointer" transform={`rotate(${Number(keyPosition) / CIRCLE * 360})`}>
          <path d="M0-42V-70" />
          <path class="head" d="M0-75-4-66H4z" />
        </g>
      )}
      <text class="ring-count" y="-2">{servers.length}</text>
      <text class="ring-unit" y="12">{servers.length === 1 ? "server" : "servers"}</text>
      <text class="ring-unit" y="24">{plural(nodes, "node")}</text>
    </svg>
  );
}

/** The nodes that a key meets one after another, and the servers that it takes. */
function Way({ ring: { servers, keyServerIds }, position, name }: {
  ring: GetRingResponse;
  position: bigint;
  name: string;
}) {
  return (
    <div role="status">
      <p class="faint">
        From the place of <span class="name">{name}</span> clockwise; each server counts where it is met first.
      </p>
      <ol class="way" aria-hidden="true">
        {walkFrom(servers, position, keyServerIds.length).map(({ serverId, first }, i) => (
          <li key={i} class={`${colourOf(serverId)}${first ? " first" : ""}`} />
        ))}
      </ol>
      <ol class="order">
        {keyServerIds.map((id) => (
          <li key={id}>
            <span class={`dot ${colourOf(id)}`} aria-hidden="true" /> {nameOf(id)}
          </li>
        ))}
      </ol>
    </div>
  );
}
