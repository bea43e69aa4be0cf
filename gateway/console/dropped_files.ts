/** The files that a user has dropped or chosen, those in folders with the path from the folder on. */
import type { Picked } from "./upload_queue.ts";

/** What was dropped. What a drop holds is gone once its event is over: it is taken before the first wait. */
export async function filesOfDrop({ items }: DataTransfer): Promise<Picked[]> {
  const taken = [...items].filter(({ kind }) => kind === "file").map((item) => {
    return { entry: item.webkitGetAsEntry(), file: item.getAsFile() };
  });
  const found: Picked[] = [];
  for (const { entry, file } of taken) {
    if (entry?.isDirectory) await walk(entry as FileSystemDirectoryEntry, found);
    else if (file !== null) found.push({ path: file.name, file });
  }
  return found;
}

/** What was chosen in a dialog. */
export function filesOfInput(list: FileList | null): Picked[] {
  return [...list ?? []].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function walk(folder: FileSystemDirectoryEntry, found: Picked[]): Promise<void> {
  const reader = folder.createReader();
  const page = () => new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  for (let entries = await page(); entries.length > 0; entries = await page()) {
    for (const entry of entries) {
      if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, found);
      else found.push({ path: entry.fullPath.replace(/^\//, ""), file: await fileOf(entry as FileSystemFileEntry) });
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
