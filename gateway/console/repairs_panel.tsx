/** What is being mended. */
import type { Repair } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { cluster } from "./api.ts";
import { countText, plural, sizeText, timeText } from "./format.ts";
import { attempt } from "./notices.tsx";
import { usePolled } from "./poll.ts";
import { filesHref } from "./route.ts";

const EVERY_MS = 2000;
const SHOWN = 20;

/** The panel. */
export function RepairsPanel() {
  const { value, error, again } = usePolled(EVERY_MS, async (signal) => {
    const [sum, { repairs }] = await Promise.all([
      cluster.getRepairs({}, { signal }),
      cluster.listRepairs({ limit: SHOWN }, { signal }),
    ]);
    return { sum, repairs };
  });
  const retry = () => void attempt(() => cluster.retryRepair({})).then(again);
  return (
    <section class="card" aria-labelledby="repairs">
      <h2 id="repairs">Repair</h2>
      {error !== "" && <p class="trouble">{error}</p>}
      {value !== undefined && (
        <>
          <Sum {...value.sum} />
          {value.sum.parked > 0n && (
            <p class="trouble">
              {plural(value.sum.parked, "chunk")} cannot be rebuilt as things are.{" "}
              <button type="button" onClick={retry}>Try again</button>
            </p>
          )}
          {value.repairs.length > 0 && (
            <ul class="lines">
              {value.repairs.map((repair) => (
                <Row key={`${repair.fileId}.${repair.segment}.${repair.index}`} repair={repair} />
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

interface SumProps {
  readonly queued: bigint;
  readonly running: bigint;
  readonly waiting: bigint;
  readonly bytesLeft: bigint;
  readonly bytesDone: bigint;
  readonly bytesPerSecond: bigint;
  readonly secondsLeft: bigint;
}

function Sum({ queued, running, waiting, bytesLeft, bytesDone, bytesPerSecond, secondsLeft }: SumProps) {
  const left = queued + running + waiting;
  if (left === 0n) {
    return (
      <p class="survival good">
        No chunk is missing. {bytesDone > 0n && `${sizeText(bytesDone)} were rebuilt.`}
      </p>
    );
  }
  const share = Number(bytesDone) / Math.max(1, Number(bytesDone + bytesLeft));
  return (
    <>
      <progress max={1} value={share} aria-label="Repair">{Math.round(share * 100)} %</progress>
      <p>
        <strong>{plural(left, "chunk")}</strong> to rebuild, {sizeText(bytesLeft)}: {countText(running)} at work,{" "}
        {countText(waiting)} waiting for room, a server or the next try.
        {bytesPerSecond > 0n && ` ${sizeText(bytesPerSecond)}/s, ${timeText(Number(secondsLeft))} left.`}
      </p>
    </>
  );
}

function Row({ repair }: { repair: Repair }) {
  const { bucket, key, index, segment, reason, state, problem } = repair;
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  return (
    <li>
      <a class="name" href={filesHref(bucket, folder, key)}>{bucket}/{key}</a>
      <span class="faint">chunk {segment}.{index} · {reason} · {state}{problem === "" ? "" : ` · ${problem}`}</span>
    </li>
  );
}
