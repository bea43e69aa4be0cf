/** Follows a rebalance or a drain until it ends. */
import { SixfoldError } from "../../shared/errors.ts";
import { sleep } from "../../shared/sleep.ts";
import type { Change } from "../mod.ts";
import { humanSize } from "./human.ts";
import { showProgress } from "./progress.ts";
import { type CliSession, print } from "./session.ts";

const EVERY_MS = 1000;

/** The newest change of a server, or of none: the newest rebalance. @throws SixfoldError `not_found` */
export async function changeFor({ client, signal }: CliSession, serverId: string): Promise<Change> {
  const found = (await client.moves.list({ signal })).find((change) => change.serverId === serverId);
  if (found !== undefined) return found;
  throw new SixfoldError(
    "not_found",
    serverId === "" ? "nothing was rebalanced yet" : "this server was never drained; sixfold drain start does that",
  );
}

/**
 * Tells of a change whenever something about it is new, until it has ended. To stop looking stops nothing.
 * @throws SixfoldError `aborted` where it was stopped by somebody
 */
export async function watchChange(cli: CliSession, serverId: string): Promise<Change> {
  const title = serverId === "" ? "rebalance" : `drain of …${serverId.slice(-6)}`;
  const progress = showProgress(cli, title, undefined);
  let said = "";
  try {
    for (;;) {
      const change = await changeFor(cli, serverId);
      const { state, bytesDone, bytesLeft, planned } = change;
      progress.expect(planned ? bytesDone + bytesLeft : undefined);
      progress.at(bytesDone);
      const text = cli.json ? JSON.stringify(change) : changeText(change);
      if (!cli.bars && text !== said) print(text);
      said = text;
      if (state === "done") return change;
      if (state === "stopped") {
        throw new SixfoldError("aborted", `the ${title} was stopped; what has moved stays`);
      }
      await sleep(EVERY_MS, cli.signal);
      if (cli.signal.aborted) {
        throw new SixfoldError("canceled", `the ${title} goes on; "watch" shows it again, and "pause" holds it`);
      }
    }
  } finally {
    progress.end();
  }
}

/** A change in a line. */
export function changeText({ state, chunksDone, bytesDone, chunksLeft, bytesLeft, planned, problem, holds }: Change) {
  const open = state === "running" || state === "paused";
  const left = open ? `, ${planned ? "" : "at least "}${chunksLeft} left (${humanSize(bytesLeft)})` : "";
  const more = open
    ? [problem, holds].filter((text) => text !== "").map((text) => `; ${text}`)
      .join("")
    : "";
  return `${state}: ${chunksDone} chunks moved (${humanSize(bytesDone)})${left}${more}`;
}
