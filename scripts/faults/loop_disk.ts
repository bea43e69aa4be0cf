/** A file system in a file, whose power can be cut: what was not synced is gone afterwards, as on a real disk. */
import { runTool } from "./run_tool.ts";

/** FS_IOC_SHUTDOWN, and its way that writes nothing more, not even the journal. */
const SHUTDOWN = 0x8004587dn;
const WITHOUT_JOURNAL = 2;

/** A file system that can be cut off. */
export type FileSystem = "ext4" | "xfs";

/** Asks the kernel for a file system's end as of now. */
function shutDown(folder: string): void {
  const libc = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  try {
    const fd = libc.symbols.open(new TextEncoder().encode(`${folder}\0`), 0);
    const answer = libc.symbols.ioctl(fd, SHUTDOWN, new Uint32Array([WITHOUT_JOURNAL]));
    libc.symbols.close(fd);
    if (answer !== 0) throw new Error(`the file system of ${folder} cannot be cut off`);
  } finally {
    libc.close();
  }
}

/** A mounted file system. Takes root. */
export class LoopDisk implements AsyncDisposable {
  private constructor(readonly folder: string, readonly kind: FileSystem) {}

  /** Makes and mounts one of so many MiB. */
  static async make(folder: string, kind: FileSystem, size: number): Promise<LoopDisk> {
    const disk = new LoopDisk(folder, kind);
    await Deno.mkdir(folder, { recursive: true });
    await runTool("truncate", "-s", `${size}M`, disk.#image);
    await runTool(`mkfs.${kind}`, "-q", disk.#image);
    await disk.mount();
    return disk;
  }

  get #image(): string {
    return `${this.folder}.image`;
  }

  /** The power is gone: nothing reaches the disk any more, and every call on its files fails. */
  cutPower(): void {
    shutDown(this.folder);
  }

  /** The power is back: the journal is read, and what it knows is there. End whoever uses the disk first. */
  async mount(): Promise<void> {
    await runTool("mount", "-o", "loop", this.#image, this.folder);
  }

  /** Takes the disk away. */
  async unmount(): Promise<void> {
    await runTool("umount", this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runTool("umount", "-l", this.folder);
    await Deno.remove(this.#image);
  }
}
