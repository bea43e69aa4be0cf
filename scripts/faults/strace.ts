/** System calls of a running process that fail, are late, or kill it: strace's injection. */

/**
 * Attaches strace while `work` runs.
 * @param paths only calls that touch one of them; empty for all
 * @param inject an expression such as `inject=fsync:error=EIO`
 * @returns the calls that matched, a line each
 */
export async function straced(
  pid: number,
  paths: readonly string[],
  inject: string,
  work: () => Promise<void>,
): Promise<string> {
  const log = await Deno.makeTempFile();
  const chosen = paths.flatMap((path) => ["-P", path]);
  const args = ["-f", "-y", "-p", String(pid), ...chosen, "-o", log, "-e", inject];
  const process = new Deno.Command("strace", { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const said = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let text = ""; !/attached/.test(text);) {
      const { value, done } = await said.read();
      if (done) throw new Error(`strace cannot attach: ${text}`);
      text += value;
    }
    await work();
  } finally {
    await said.cancel();
    try {
      process.kill("SIGTERM");
    } catch { /* it ended with the process that it watched */ }
    await process.status;
  }
  const text = await Deno.readTextFile(log);
  await Deno.remove(log);
  return text;
}
