/** Disks that are full, slow, hung, broken, or lose their power. */
import { until } from "../../programs.ts";
import { during } from "../during.ts";
import { fillDisk } from "../fill_disk.ts";
import { ALWAYS, check, type Row } from "../row.ts";
import { runTool } from "../run_tool.ts";
import type { Stage } from "../stage.ts";
import { attachStrace } from "../strace.ts";

const MIB = 1024 * 1024;

/** A fault of strace for one daemon. */
function injected(stage: Stage, number: number, expression: string) {
  let detach: (() => Promise<string>) | undefined;
  return {
    inject: async () => {
      detach = await attachStrace(stage.daemon(number).pid, [], expression);
    },
    /** @returns how often it was met */
    heal: async () => (await detach?.() ?? "").split("(INJECTED)").length - 1,
  };
}

/** One daemon after another cannot read, or cannot send what it has read a moment ago; then three at once cannot. */
async function unreadable(stage: Stage, expression: string, readBefore: boolean): Promise<void> {
  const faults = [0, 1, 2].map((number) => injected(stage, number, expression));
  let met = 0;
  const get = async (few: typeof faults) => {
    const content = stage.content(8 * MIB);
    await stage.put("unreadable", content);
    if (readBefore) await stage.get("unreadable", content);
    try {
      for (const fault of few) await fault.inject();
      return await stage.get("unreadable", content);
    } finally {
      for (const fault of few) met += await fault.heal();
    }
  };
  for (const fault of faults) {
    const { status, code, wrong } = await get([fault]);
    check(status === 200 && wrong === undefined, `one: ${status} ${wrong ?? code}`);
  }
  // Of three servers one at least keeps a part of the file itself, and is asked.
  check(met > 0, `${expression} was not met`);
  const { status, code, bytes } = await get(faults);
  check((status === 500 || status === 503) && bytes === 0, `three: ${status} ${code}`);
}

/** Ends a daemon whose disk was cut off or has gone read-only, mounts the disk anew and starts the daemon. */
async function remount(stage: Stage, number: number): Promise<void> {
  await stage.daemon(number).kill();
  await stage.disks[number]?.unmount();
  await stage.disks[number]?.mount();
  await stage.daemon(number).restart();
}

/** See above. */
export const DISK_ROWS: readonly Row[] = [
  {
    number: 14,
    name: "a disk becomes slow",
    inject: "strace delays every write of 1 MiB by a second",
    expect: "no call fails, and none waits for the disk",
    phases: ALWAYS,
    needs: ["strace"],
    run: (stage, phase) => during(stage, phase, injected(stage, 0, "inject=pwrite64:delay_enter=1000000")),
  },
  {
    number: 15,
    name: "a disk hangs, and its daemon lives",
    inject: "fsfreeze",
    expect: "no call fails, and its daemon says within 15 s that it takes no chunks",
    phases: ALWAYS,
    needs: ["loop"],
    disks: true,
    run: (stage, phase) => {
      const { folder } = stage.daemon(1);
      return during(stage, phase, {
        inject: async () => {
          await runTool("fsfreeze", "-f", folder);
          if (phase !== "idle") return;
          await until("the gateways do not hear of the disk", 15_000, async () => {
            const { servers } = await (await fetch(`${stage.gateways[0]?.url}/readyz`)).json();
            return servers === stage.daemons.length - 1;
          });
        },
        heal: async () => void await runTool("fsfreeze", "-u", folder),
      });
    },
  },
  {
    number: 16,
    name: "a disk fills up, then all of them",
    inject: "a file that takes all room",
    expect: "one full: no call fails. All full: 507 DISK_FULL; what is stored reads, deletes work, and make room",
    phases: [...ALWAYS, "once"],
    needs: ["loop"],
    disks: true,
    quick: ["uploading", "once"],
    run: async (stage, phase) => {
      let empty: (() => Promise<void>) | undefined;
      if (phase !== "once") {
        const inject = async () => {
          empty = await fillDisk(stage.daemon(2).folder);
        };
        return await during(stage, phase, { inject, heal: async () => void await empty?.() });
      }
      await allFull(stage);
    },
  },
  {
    number: 17,
    name: "a disk takes only a part of a write",
    inject: "a file that leaves 0.7 MiB on every disk",
    expect: "507 DISK_FULL, and nothing is left behind",
    phases: ["once"],
    needs: ["loop"],
    disks: true,
    run: async (stage) => {
      const undo: (() => Promise<void>)[] = [];
      for (const { folder } of stage.daemons) undo.push(await fillDisk(folder, 0.7 * MIB));
      try {
        const { status, code } = await stage.put("short", stage.content(40 * MIB));
        check(status === 507, `${status} ${code}`);
      } finally {
        for (const empty of undo) await empty();
      }
      await untilRoom(stage);
    },
  },
  {
    number: 18,
    name: "a disk fails to write or to sync",
    inject: "strace: EIO for pwrite64 and fsync of one daemon",
    expect: "no call fails; no fsync is made again",
    phases: ALWAYS,
    needs: ["strace"],
    quick: ["uploading"],
    run: (stage, phase) => during(stage, phase, injected(stage, 3, "inject=pwrite64,fsync,fdatasync:error=EIO")),
  },
  {
    number: 19,
    name: "a disk fails to read, then three of them",
    inject: "strace: EIO for pread64, then for sendfile",
    expect: "one: reads take parity. Three: an error before the first byte",
    phases: ["idle", "downloading", "once"],
    needs: ["strace"],
    run: async (stage, phase) => {
      const reads = "inject=pread64,preadv:error=EIO";
      if (phase !== "once") return await during(stage, phase, injected(stage, 4, reads));
      await unreadable(stage, reads, false);
      await unreadable(stage, "inject=sendfile:error=EIO", true);
    },
  },
  {
    number: 20,
    name: "a disk goes read-only",
    inject: "an error of ext4 that the kernel is told to raise, mounted with errors=remount-ro",
    expect: "no call fails; reads go on",
    phases: ALWAYS,
    needs: ["loop"],
    disks: true,
    run: (stage, phase) => {
      const { folder } = stage.daemon(4);
      const inject = async () => {
        const device = (await runTool("findmnt", "-n", "-o", "SOURCE", folder)).trim().replace("/dev/", "");
        await runTool("mount", "-o", "remount,errors=remount-ro", folder);
        await Deno.writeTextFile(`/sys/fs/ext4/${device}/trigger_fs_error`, "x");
        check(/\bro\b/.test(await runTool("findmnt", "-n", "-o", "OPTIONS", folder)), "the disk takes writes still");
      };
      return during(stage, phase, { inject, heal: () => remount(stage, 4) });
    },
  },
  {
    number: 25,
    name: "a disk loses its power",
    inject: "FS_IOC_SHUTDOWN on a loop device, without its journal",
    expect: "no call fails; what was acknowledged is there when the disk is back",
    phases: ALWAYS,
    needs: ["loop"],
    disks: true,
    quick: ["uploading", "downloading"],
    run: (stage, phase) =>
      during(stage, phase, { inject: () => stage.disks[5]?.cutPower(), heal: () => remount(stage, 5) }),
  },
];

async function allFull(stage: Stage): Promise<void> {
  const kept = stage.content(8 * MIB);
  check((await stage.put("kept", kept)).status === 201, "the first upload failed");
  const undo: (() => Promise<void>)[] = [];
  try {
    const fillAndPut = async (key: string) => {
      for (const { folder } of stage.daemons) undo.push(await fillDisk(folder));
      return await stage.put(key, stage.content(8 * MIB));
    };
    let refused = await fillAndPut("refused");
    // What was deleted before may give its room back only now: then that is taken too.
    for (let i = 0; refused.status === 201 && i < 5; i++) refused = await fillAndPut(`refused-${i}`);
    check(refused.status === 507 && refused.code.includes("DISK_FULL"), `all full: ${refused.status} ${refused.code}`);
    const read = await stage.get("kept", kept);
    check(read.status === 200 && read.wrong === undefined, `a read with all disks full: ${read.status} ${read.code}`);
    const removed = await stage.remove("kept");
    check(removed.status === 204, `a delete with all disks full: ${removed.status} ${removed.code}`);
  } finally {
    for (const empty of undo) await empty();
  }
  await untilRoom(stage);
}

/** The gateways hear of room with the next heartbeats, of each server by itself. */
async function untilRoom(stage: Stage): Promise<void> {
  const until = Date.now() + 30_000;
  for (let status = 0; status !== 201; await new Promise((resolve) => setTimeout(resolve, 500))) {
    status = (await stage.put("again", stage.content(8 * MIB))).status;
    check(Date.now() < until, `30 s after there is room again: ${status}`);
  }
  await stage.seen();
}
