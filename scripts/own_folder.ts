/**
 * A data folder of `npm start`: one run at a time, or one backup of what lies there, and an end for whatever outlived a run
 * that was killed.
 */
import { noDataFolder } from "../shared/no_data_folder.ts";
import { end, identityOf } from "./other_process.ts";
import { until } from "./programs.ts";

/** So long a run is waited for that stops at this moment. */
const STOPPING_MS = 5000;

/**
 * Makes a folder, takes it for as long as this process lives, and ends what a run before has left behind there.
 * @returns its full path
 * @throws Error when another run has it, or it can be none
 */
export async function ownFolder(path: string): Promise<string> {
  // The lock goes with the process, however that ends, and so the file is never closed.
  const { folder, lock } = await makeLock(path);
  await until("it is in use", STOPPING_MS, () => lock.tryLock(true)).catch((cause) => {
    throw new Error(
      `another npm start, backup or restore uses ${folder}; stop it or wait for its end, or choose another folder with ` +
        "SIXFOLD_DATA_DIR",
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
  return folder;
}

/** Puts a process on record, for the run that comes after this one was killed. */
export async function remember(folder: string, pid: number): Promise<void> {
  await Deno.writeTextFile(recordOf(folder), `${pid} ${await identityOf(pid)}\n`, { append: true });
}

async function makeLock(path: string): Promise<{ folder: string; lock: Deno.FsFile }> {
  try {
    await Deno.mkdir(path, { recursive: true });
    const folder = await Deno.realPath(path);
    return { folder, lock: await Deno.open(`${folder}/lock`, { create: true, write: true }) };
  } catch (cause) {
    throw noDataFolder(path, cause);
  }
}

function recordOf(folder: string): string {
  return `${folder}/processes`;
}
