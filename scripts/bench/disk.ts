/**
 * A baseline: six writers that put chunks of 2.5 MiB on a disk in the durable order, and nothing else. Runs on Bun.
 * Arguments: a folder, bytes in all. Writes MiB/s.
 */
import { constants } from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import process from "node:process";

if (import.meta.main) {
  const [folder = "", bytes] = process.argv.slice(2);
  const chunk = new Uint8Array(2.5 * 1024 * 1024);
  const count = Math.max(6, Math.ceil(Number(bytes) / chunk.length));
  let next = 0;
  const writer = async (home: string) => {
    await mkdir(home, { recursive: true });
    while (next < count) {
      const name = `${home}/${next++}`;
      const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
      const file = await open(`${name}.tmp`, flags | (constants.O_DIRECT ?? 0)).catch(() => open(`${name}.tmp`, flags));
      for (let at = 0; at < chunk.length;) {
        at += (await file.write(chunk, at, Math.min(chunk.length - at, 1024 * 1024), at)).bytesWritten;
      }
      await file.sync();
      await file.close();
      await rename(`${name}.tmp`, name);
      const parent = await open(home, "r");
      await parent.sync();
      await parent.close();
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: 6 }, (_, i) => writer(`${folder}/${i}`)));
  console.log(count * 2.5 / ((performance.now() - began) / 1000));
}
