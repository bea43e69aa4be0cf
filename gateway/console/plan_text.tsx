/** What a change would move, asked for when it is shown. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PlanChangeRequestSchema } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { cluster } from "./api.ts";
import { percentText, plural, sizeText, timeText } from "./format.ts";
import { usePolled } from "./poll.ts";

const EVERY_MS = 30_000;

/** A sentence or two. */
export function PlanText(
  { change }: { change: NonNullable<MessageInitShape<typeof PlanChangeRequestSchema>["change"]> },
) {
  const { value, error } = usePolled(EVERY_MS, (signal) => cluster.planChange({ change }, { signal }));
  if (error !== "") return <p class="trouble">{error}</p>;
  if (value === undefined) return <p class="hint" role="status">Looking at what would move…</p>;
  const { chunks, bytes, hottestDisk, seconds, exact } = value;
  if (chunks === 0n) return <p>Nothing would have to move.</p>;
  return (
    <p>
      {exact ? "" : "About "}
      <strong>{plural(chunks, "chunk")}, {sizeText(bytes)}</strong> would move
      {seconds > 0n ? `, in about ${timeText(Number(seconds))}` : ""}. The fullest disk would then be{" "}
      {percentText(hottestDisk)} full.
    </p>
  );
}
