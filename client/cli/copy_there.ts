/** Copies from one place in the store to another. */
import { fileOf, nothingBelow, placeOf, prefixOf } from "./place.ts";
import type { CliSession } from "./session.ts";

/**
 * Copies a file, or all below a folder. What is there already is replaced.
 * @throws SixfoldError `not_found` for a file that is not there
 */
export async function copyThere(
  { client, signal }: CliSession,
  from: string,
  to: string,
  recursive: boolean,
): Promise<{ readonly sent: number; readonly bytes: number }> {
  const target = placeOf(to);
  if (!recursive) {
    const source = fileOf(from);
    const isFolder = target.key === "" || target.key.endsWith("/");
    const key = isFolder ? target.key + source.key.slice(source.key.lastIndexOf("/") + 1) : target.key;
    const { size } = await client.copy(source, { bucket: target.bucket, key }, { signal });
    return { sent: 1, bytes: size };
  }
  const source = placeOf(from);
  const [prefix, into] = [prefixOf(source.key), prefixOf(target.key)];
  let [sent, bytes] = [0, 0];
  for await (const { file } of client.list(source.bucket, { prefix, signal })) {
    // A folder that is copied below itself would meet its own copies.
    const isCopy = source.bucket === target.bucket && into.startsWith(prefix) && file?.key.startsWith(into);
    if (file === undefined || isCopy) continue;
    await client.copy(file, { bucket: target.bucket, key: into + file.key.slice(prefix.length) }, { signal });
    sent++;
    bytes += file.size;
  }
  if (sent === 0) throw nothingBelow(source);
  return { sent, bytes };
}
