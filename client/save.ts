/** Writes a download to a disk, where there is one. */
import { SixfoldError } from "../shared/errors.ts";
import { builtin } from "./runtime.ts";

/** Where bytes come to lie until a path may bear them. */
export function unfinishedPath(path: string): string {
  return `${path}.${crypto.randomUUID().slice(0, 8)}.sixfold`;
}

/**
 * Writes bytes beside the path, syncs them, and renames them into place: what bears the name is always whole.
 * @throws SixfoldError
 */
export async function saveTo(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  onProgress: (bytes: number) => void = () => {},
): Promise<void> {
  const fs = builtin("node:fs/promises");
  if (fs === undefined) throw new SixfoldError("unimplemented", "a browser saves no paths; take blob() or stream()");
  const unfinished = unfinishedPath(path);
  try {
    const file = await fs.open(unfinished, "wx");
    try {
      let written = 0;
      for await (const piece of bytes) {
        for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten;
        written += piece.length;
        onProgress(written);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(unfinished, path);
  } catch (error) {
    await fs.rm(unfinished, { force: true }).catch(() => {});
    throw saveFailure(error, path);
  }
}

/** What an error means that stopped bytes from being written. */
export function saveFailure(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOENT") return diskFailure(error, path);
  return new SixfoldError("not_found", `there is no folder for ${path}; make it first`, { cause: error });
}

/** What an error of this machine's own disk means. */
export function diskFailure(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const options = { cause: error };
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new SixfoldError("resource_exhausted", `there is no space left here for ${path}; free some`, {
        detail: "DISK_FULL",
        ...options,
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new SixfoldError(
        "permission_denied",
        `${path} cannot be written or read; look at its owner and rights`,
        options,
      );
    case "EISDIR":
    case "EEXIST":
    case "ENOTEMPTY":
      return new SixfoldError(
        "already_exists",
        `${path} is a folder, and a file was meant; choose another name`,
        options,
      );
    case "ENOTDIR":
      return new SixfoldError(
        "failed_precondition",
        `${path} lies below a file, which is no folder; move that file`,
        options,
      );
    case "ENOENT":
      return new SixfoldError("not_found", `there is no ${path}`, options);
  }
  return error;
}
