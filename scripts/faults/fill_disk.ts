import { statfs } from "node:fs/promises";
import { runTool } from "./run_tool.ts";

/** What a file system may need for itself when most of its room is taken at once. */
const MARGIN = 8 * 1024 * 1024;

/** Takes all room of a disk but so much, in bytes. @returns what gives it back */
export async function fillDisk(folder: string, but = 0): Promise<() => Promise<void>> {
  const path = `${folder}/ballast`;
  const { bavail, bsize } = await statfs(folder);
  await runTool("fallocate", "-l", String(Math.max(4096, bavail * bsize - MARGIN)), path);
  {
    using file = await Deno.open(path, { append: true });
    for (let size = 1024 * 1024; size >= 4096; size /= 4) {
      const bytes = new Uint8Array(size);
      try {
        for (;;) await file.write(bytes);
      } catch { /* no room for a piece of this size */ }
    }
    const { size } = await file.stat();
    await file.truncate(Math.max(0, size - but));
  }
  return () => Deno.remove(path).catch(() => {});
}
