/** A folder on a disk of its own, small enough to be filled. */
import { runTool } from "./run_tool.ts";

/** A tmpfs. Takes root. */
export class SmallDisk implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** Mounts one of so many MiB. */
  static async make(folder: string, size: number): Promise<SmallDisk> {
    await Deno.mkdir(folder, { recursive: true });
    await runTool("mount", "-t", "tmpfs", "-o", `size=${size}m`, "tmpfs", folder);
    return new SmallDisk(folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runTool("umount", "-l", this.folder);
  }
}
