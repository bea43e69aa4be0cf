/** A disk that logs would fill. */
import { ask } from "../ask.ts";
import { fillDisk } from "../fill_disk.ts";
import { check, type Row } from "../row.ts";
import { SmallDisk } from "../small_disk.ts";
import type { Stage } from "../stage.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const [SIZE, FILES] = [64 * KIB, 3];
/** Refused calls: each leaves a line of some hundred bytes, together many times what the files may hold. */
const CALLS = 3000;

/** See above. */
export const LOG_ROWS: readonly Row[] = [
  {
    number: 88,
    name: "a disk that is filled by logs or temporary files",
    inject: `a gateway that logs all it can into ${FILES} files of 64 KiB, and another program that fills their disk`,
    expect: "the oldest lines go, the files stay within their bounds, and no call fails; a daemon's own disk is row 16",
    phases: ["once"],
    needs: ["root"],
    run: logIntoFullDisk,
  },
];

async function logIntoFullDisk(stage: Stage): Promise<void> {
  await using disk = await SmallDisk.make(`${stage.cluster.folder}/logs`, 1);
  const gateway = await stage.startGateway({
    SIXFOLD_LOG: "debug",
    SIXFOLD_LOG_DIR: disk.folder,
    SIXFOLD_LOG_SIZE: "64K",
    SIXFOLD_LOG_FILES: String(FILES),
  });
  const number = stage.gateways.indexOf(gateway);
  const works = async (when: string) => {
    const content = stage.content(MIB);
    const { status, code } = await stage.put("logged", content, number);
    check(status === 201, `an upload ${when}: ${status} ${code}`);
    const read = await stage.get("logged", content, number);
    check(read.status === 200 && read.wrong === undefined, `a download ${when}: ${read.status} ${read.wrong}`);
  };
  const refused = async () => {
    for (let i = 0; i < CALLS; i++) {
      const { status } = await ask(`${gateway.url}/v1/files/NO BUCKET/${i}`);
      check(status === 400, `a bad name: ${status}`);
    }
  };
  try {
    await refused();
    await works("after many lines");
    const files = [...Deno.readDirSync(disk.folder)].map(({ name }) => Deno.statSync(`${disk.folder}/${name}`).size);
    check(files.length === FILES, `there are ${files.length} log files`);
    check(files.every((size) => size <= SIZE), `log files of ${files.join(", ")} bytes`);
    const makeRoom = await fillDisk(disk.folder);
    await refused();
    await works("with the disk full");
    await makeRoom();
    await refused();
    await works("with room again");
    const newest = [...Deno.readDirSync(disk.folder)].filter(({ name }) => name.endsWith(".log"));
    const text = await Deno.readTextFile(`${disk.folder}/${newest[0]?.name}`);
    check(text.split("\n").length > 10, "nothing is logged any more");
  } finally {
    await stage.killGateway(gateway);
  }
}
