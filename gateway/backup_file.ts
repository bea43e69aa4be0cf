/** A file of lines, compressed, that is there as a whole or not at all. */

/** So many characters are handed on at once. */
const PIECE = 1 << 16;

/**
 * Writes lines to a file that only its owner may read. It takes its place once all of it is on the disk; until then, a file
 * that was there stays.
 */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const part = `${path}.part`;
  try {
    const bytes = ReadableStream.from(piecesOf(lines)).pipeThrough(new TextEncoderStream())
      .pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(part, bytes, { mode: 0o600 });
    using file = await Deno.open(part, { write: true });
    await file.sync();
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
}

/** Reads the lines of such a file. @throws TypeError when it is cut off or something else */
export async function* readLines(path: string): AsyncGenerator<string> {
  const file = await Deno.open(path);
  const text = file.readable.pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const piece of text) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function* piecesOf(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = "";
  for await (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
