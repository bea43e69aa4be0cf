/** Takes all room of a disk but so much, in bytes. @returns what gives it back */
export async function fillDisk(folder: string, but = 0): Promise<() => Promise<void>> {
  const path = `${folder}/ballast`;
  {
    using file = await Deno.open(path, { create: true, write: true });
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
