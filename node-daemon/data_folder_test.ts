import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataFolder, exists, type Identity } from "./data_folder.ts";

const OTHER: Identity = { serverId: "0198c0de-0000-7000-8000-000000000001", clusterId: null };

async function withFolder(act: (folder: DataFolder, path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), "sixfold "));
  const folder = await DataFolder.open(path);
  try {
    await act(folder, path);
  } finally {
    await folder.close();
    await rm(path, { recursive: true, force: true });
  }
}

test("an identity is made once and kept", async () => {
  await withFolder(async (folder) => {
    const identity = await folder.identity();
    expect(await folder.identity()).toEqual(identity);
    await folder.remember({ ...identity, clusterId: "c" });
    expect(await folder.identity()).toEqual({ ...identity, clusterId: "c" });
    expect(await readdir(folder.tmp)).toEqual([]);
  });
});

test("an identity that the disk does not take leaves nothing in tmp/, and the one before it stays", async () => {
  const full = "/dev/full";
  if (!(await exists(full))) return;
  await withFolder(async (folder) => {
    const identity = await folder.identity();
    await symlink(full, join(folder.tmp, "server.json"));
    await expect(folder.remember(OTHER)).rejects.toThrow(/ENOSPC/);
    expect(await readdir(folder.tmp)).toEqual([]);
    expect(await folder.identity()).toEqual(identity);
  });
});

test("an identity that cannot get its name leaves nothing in tmp/", async () => {
  await withFolder(async (folder, path) => {
    await mkdir(join(path, "server.json", "in the way"), { recursive: true });
    await expect(folder.remember(OTHER)).rejects.toThrow();
    expect(await readdir(folder.tmp)).toEqual([]);
  });
});

test.skipIf(Bun.which("strace") === null)("a disk that fails while a file is removed is not hidden", async () => {
  const path = await mkdtemp(join(tmpdir(), "sixfold "));
  const script = join(path, "script.ts");
  const lines = [
    `import { removeFile } from ${JSON.stringify(join(import.meta.dir, "data_folder.ts"))};`,
    `await removeFile(${JSON.stringify(script)}).catch(({ code }) => console.log(code));`,
  ];
  try {
    await writeFile(script, lines.join("\n"));
    const inject = ["-e", "trace=unlink,unlinkat", "-e", "inject=unlink,unlinkat:error=EIO"];
    const said = execFileSync("strace", ["-f", "-qq", "-o", "/dev/null", ...inject, process.execPath, script]);
    expect(said.toString().trim()).toBe("EIO");
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});

test("a path that can be no folder is refused in a sentence", async () => {
  await withFolder(async (_, path) => {
    const file = join(path, "a file");
    await writeFile(file, "");
    await expect(DataFolder.open(file)).rejects.toThrow(
      /a file can be no data folder \(EEXIST.*\); choose another one/,
    );
  });
});
