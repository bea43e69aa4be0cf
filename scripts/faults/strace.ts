/** System calls of a running process that fail, are late, or kill it: strace's injection. */

/**
 * Attaches strace to a process, with an expression such as `inject=fsync:error=EIO`.
 * @param paths only calls that touch one of them; empty for all
 * @returns what detaches it, and tells the calls that matched, a line each
 */
export async function attachStrace(
  pid: number,
  paths: readonly string[],
  inject: string,
): Promise<() => Promise<string>> {
  const log = await Deno.makeTempFile();
  const chosen = paths.flatMap((path) => ["-P", path]);
  const args = ["-f", "-y", "-p", String(pid), ...chosen, "-o", log, "-e", inject];
  const process = new Deno.Command("strace", { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const said = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const detach = async () => {
    await said.cancel();
    try {
      process.kill("SIGTERM");
    } catch { /* it ended with the process that it watched */ }
    await process.status;
    const text = await Deno.readTextFile(log);
    await Deno.remove(log);
    return text;
  };
  for (let text = ""; !/attached/.test(text);) {
    const { value, done } = await said.read();
    if (done) throw new Error(`strace cannot attach: ${text}; ${await detach()}`);
    text += value;
  }
  return detach;
}

/** Attaches strace while `work` runs. @returns the calls that matched, a line each */
export async function straced(
  pid: number,
  paths: readonly string[],
  inject: string,
  work: () => Promise<void>,
): Promise<string> {
  const detach = await attachStrace(pid, paths, inject);
  let log = "";
  try {
    await work();
  } finally {
    log = await detach();
  }
  return log;
}
