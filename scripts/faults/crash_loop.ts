/**
 * All daemons at once are killed, or lose the power of their disks, again and again in the middle of uploads. Whatever was
 * acknowledged before must be there afterwards: each file, and each chunk by itself.
 */
import { auditChunks } from "./chunk_audit.ts";
import { each } from "./each.ts";
import { check } from "./row.ts";
import { Stage } from "./stage.ts";

/** What a loop has found. */
export interface CrashFigures {
  readonly crashes: number;
  readonly files: number;
  readonly chunks: number;
}

const DAEMONS = 6;
const CLIENTS = 12;
/** All that was deleted on the way is cleaned up at the end. */
const SETTLE_MS = 600_000;
const MAX_FILE = 400_000;

/**
 * Runs until there were so many crashes, counted by daemon.
 * @param tell hears how it goes
 * @throws Error that names what was lost
 */
export async function crashLoop(
  kind: "kills" | "power cuts",
  count: number,
  tell: (line: string) => void,
): Promise<CrashFigures> {
  // Nothing lives in PostgreSQL alone: every file is on the disks.
  const gateway = { SIXFOLD_INLINE_MAX: "0" };
  await using stage = await Stage.open({
    gateways: 1,
    gateway,
    ...(kind === "kills" ? {} : { disks: ["ext4", "xfs"] }),
  });
  const { disks } = stage;
  const figures = { crashes: 0, files: 0, chunks: 0 };
  for (let round = 0; figures.crashes < count; round++) {
    const stored = await loadUntil(stage, round, async () => {
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 800));
      // A machine without power does nothing more: nobody may be told of success by a kernel that lives on. (After this
      // ioctl, xfs answers an fsync of a folder with success though its log is gone.)
      if (disks.length > 0) { for (const daemon of stage.daemons) daemon.stop(); }
      for (const disk of disks) disk.cutPower();
      await Promise.all(stage.daemons.map((daemon) => daemon.kill()));
    });
    for (const disk of disks) await disk.unmount();
    for (const disk of disks) await disk.mount();
    await Promise.all(stage.daemons.map((daemon) => daemon.start()));
    await stage.seen();
    await stage.verify();
    const { count: chunks, wrong } = await auditChunks(stage);
    check(wrong.length === 0, `after crash ${figures.crashes}: ${wrong.join("; ")}`);
    figures.crashes += DAEMONS;
    figures.files += stored;
    figures.chunks += chunks;
    await stage.clear();
    stage.manifest.forgetAbsent();
    if (round % 10 === 0) tell(`${figures.crashes} ${kind}, ${figures.files} files acknowledged, none lost`);
  }
  await stage.settle(SETTLE_MS);
  return figures;
}

/** Uploads files of many sizes until the crash. @returns how many were acknowledged */
async function loadUntil(stage: Stage, round: number, crash: () => Promise<void>): Promise<number> {
  let over = false;
  let stored = 0;
  const client = async (number: number) => {
    for (let n = 0; !over; n++) {
      const size = 1 + Math.floor(Math.random() ** 3 * MAX_FILE);
      const { status } = await stage.put(`${round}-${number}-${n}`, stage.content(size));
      if (status === 201) stored++;
    }
  };
  const crashed = crash().finally(() => over = true);
  await each([...Array(CLIENTS).keys()], CLIENTS, client);
  await crashed;
  return stored;
}
