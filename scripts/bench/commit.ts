/** The project's code as it was at a commit, beside the code of now. */
import { ROOT } from "../programs.ts";

async function git(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("git", { args: ["-C", ROOT, ...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}

/** Checks a commit out into a folder of its own while `work` runs, with the packages that are installed here. */
export async function withCommit<T>(commit: string, work: (root: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "sixfold-commit-" });
  try {
    await git("worktree", "add", "--quiet", "--detach", `${folder}/code`, commit);
    await Deno.symlink(`${ROOT}node_modules`, `${folder}/code/node_modules`);
    return await work(`${folder}/code/`);
  } finally {
    await git("worktree", "remove", "--force", `${folder}/code`).catch(() => {});
    await Deno.remove(folder, { recursive: true });
  }
}
