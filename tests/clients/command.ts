/** The `sixfold` command as tests run it. */
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/programs.ts";

const bun = Deno.env.get("SIXFOLD_BUN") ?? "bun";
const text = new TextDecoder();

/** The command, run in a folder, which also keeps its state. */
export function commandIn(folder: string, gateway: string, settings: Record<string, string> = {}) {
  const start = (...args: string[]) =>
    new Deno.Command(bun, {
      args: [`${ROOT}client/cli/main.ts`, ...args],
      cwd: folder,
      env: {
        SIXFOLD_GATEWAY: gateway,
        XDG_STATE_HOME: `${folder}/state`,
        NO_COLOR: "1",
        ...settings,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  /** How it ended, and what it wrote. */
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await start(...args).output();
    return { code, out: text.decode(stdout), err: text.decode(stderr) };
  };
  /** What it wrote, where it ended well. */
  const ok = async (...args: string[]) => {
    const { code, out, err } = await run(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${err}`);
    return out;
  };
  return { start, run, ok };
}
