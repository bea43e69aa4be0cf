/** A data folder of `npm start`: one run at a time, and an end for whatever outlived a run that was killed. */
import { end, identityOf } from "./other_process.ts";
import { until } from "./programs.ts";

/** So long a run is waited for that stops at this moment. */
const STOPPING_MS = 5000;

/**
 * Takes a folder for as long as this process lives, and ends what a run before it has left behind there.
 * @throws Error when another run has it
 */
export async function ownFolder(folder: string): Promise<void> {
  // The lock goes with the process, however that ends, and so the file is never closed.
  const lock = await Deno.open(`${folder}/lock`, { create: true, write: true });
  await until("it is in use", STOPPING_MS, () => lock.tryLock(true)).catch((cause) => {
    throw new Error(
      `another npm start uses ${folder}; stop that one first, or choose another folder with SIXFOLD_DATA_DIR`,
      { cause },
    );
  });
  const record = await Deno.readTextFile(recordOf(folder)).catch(() => "");
  const endOne = async (line: string) => {
    const [pid = ""] = line.split(" ", 1);
    await end(Number(pid), (identity) => line === `${pid} ${identity}`);
  };
  // The gateway was the first: what it is still sending comes from the others.
  const [gateway = "", ...daemons] = record.split("\n").filter(Boolean);
  await endOne(gateway);
  await Promise.all(daemons.map(endOne));
  await Deno.writeTextFile(recordOf(folder), "");
}

/** Puts a process on record, for the run that comes after this one was killed. */
export async function remember(folder: string, pid: number): Promise<void> {
  await Deno.writeTextFile(recordOf(folder), `${pid} ${await identityOf(pid)}\n`, { append: true });
}

function recordOf(folder: string): string {
  return `${folder}/processes`;
}
