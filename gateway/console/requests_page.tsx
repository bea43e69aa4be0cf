/** The last requests that this gateway has answered, and where each has spent its time. */
import { useState } from "preact/hooks";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { TracedRequest } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { cluster } from "./api.ts";
import { sizeText } from "./format.ts";
import { usePolled } from "./poll.ts";
import { route } from "./route.ts";
import { millisecondsText } from "./span_tree.ts";
import { Waterfall } from "./waterfall.tsx";

const EVERY_MS = 2000;
const MOST = 1000;
const SHOWN = 100;
const VIEWS = ["transfers", "all", "slowest", "failed"] as const;
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** The page: the list, or the one request that the address names. */
export function RequestsPage() {
  const here = route.value;
  return here.page === "requests" && here.trace !== "" ? <Waterfall key={here.trace} trace={here.trace} /> : <List />;
}

function List() {
  const [view, setView] = useState<typeof VIEWS[number]>("transfers");
  const { value, error } = usePolled(EVERY_MS, (signal) => cluster.listRequests({ limit: MOST }, { signal }));
  const shown = choose(value?.requests ?? [], view).slice(0, SHOWN);
  return (
    <>
      <header class="page-head">
        <h1>Requests</h1>
        <p class="faint">The last ones that this gateway has answered. Choose one to see where its time went.</p>
      </header>
      <div class="buttons" role="group" aria-label="Which requests">
        {VIEWS.map((name) => (
          <button
            key={name}
            type="button"
            class="choice-button"
            aria-pressed={name === view}
            onClick={() => setView(name)}
          >
            {name.slice(0, 1).toUpperCase() + name.slice(1)}
          </button>
        ))}
      </div>
      {error !== "" && <p class="trouble">{error}</p>}
      {value !== undefined && shown.length === 0 && <p class="hint">There is none.</p>}
      <ul class="request-list">
        {shown.map((request) => <Row key={`${request.traceId}.${request.requestId}`} request={request} />)}
      </ul>
    </>
  );
}

function choose(requests: readonly TracedRequest[], view: typeof VIEWS[number]): readonly TracedRequest[] {
  if (view === "transfers") return requests.filter(({ bytes }) => bytes > 0n);
  if (view === "failed") return requests.filter(hasFailed);
  return view === "all" ? requests : [...requests].sort((a, b) => b.durationMs - a.durationMs);
}

function hasFailed({ status, error }: TracedRequest): boolean {
  return status >= 400 || error !== "";
}

function Row({ request }: { request: TracedRequest }) {
  const { traceId, route, status, startedAt, durationMs, bytes, error } = request;
  return (
    <li>
      <a href={`#/requests/${traceId}`}>
        <span class="faint">{startedAt === undefined ? "" : clock.format(timestampDate(startedAt))}</span>
        <span class="name">{route}</span>
        <span class={`badge ${hasFailed(request) ? "bad" : "good"}`}>{status}</span>
        <span class="size">{bytes === 0n ? "" : sizeText(bytes)}</span>
        <strong class="size">{millisecondsText(durationMs)}</strong>
        {error !== "" && <span class="why">{error}</span>}
      </a>
    </li>
  );
}
