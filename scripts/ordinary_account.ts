/** As whom a program runs that must not run as root. */
import { dirname } from "node:path";

/** A user of the machine. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** As root, the user `postgres` or else `nobody`; otherwise the user that runs this. */
export async function ordinaryAccount(): Promise<Account | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const users = (await Deno.readTextFile("/etc/passwd")).split("\n").map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const user = users.find(([login]) => login === name);
    if (user) return { name, uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Error("PostgreSQL must not run as root, and there is no user postgres or nobody; set DATABASE_URL");
}

/**
 * How a program is started as an account, or as who we are. Where the account has no way to it, for /root is root's alone,
 * it may go and read everywhere, and still write only what is its own.
 * @param folder what the program works on
 * @throws Error where it has no way to one of them, and cannot be given one
 */
export async function commandAs(
  account: Account | undefined,
  program: string,
  args: readonly string[],
  folder: string,
  options: Deno.CommandOptions = {},
): Promise<Deno.Command> {
  if (account === undefined) return new Deno.Command(program, { ...options, args: [...args] });
  const { name, uid, gid } = account;
  const closed = await closedTo(account, program) ?? await closedTo(account, folder);
  // It begins in the folder that we are in otherwise, which may be closed to it as well.
  if (closed === undefined) return new Deno.Command(program, { ...options, args: [...args], uid, gid, cwd: "/" });
  const rights = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--securebits=+no_setuid_fixup"];
  const grant = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", ...rights];
  const probe = new Deno.Command("setpriv", { args: [...grant, "true"], stdout: "null", stderr: "null" });
  if (await probe.output().then(({ success }) => success, () => false)) {
    return new Deno.Command("setpriv", { ...options, args: [...grant, program, ...args] });
  }
  throw new Error(
    `PostgreSQL must not run as root, and the user ${name} cannot get into ${closed}; put Sixfold and its data where ` +
      "others may go, or set DATABASE_URL",
  );
}

/** The first folder on the way to a path that an account may not enter. */
async function closedTo({ uid, gid }: Omit<Account, "name">, path: string): Promise<string | undefined> {
  const parent = dirname(path);
  const above = parent === path ? undefined : await closedTo({ uid, gid }, parent);
  if (above !== undefined) return above;
  const stat = await Deno.stat(path);
  const enter = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
  return ((stat.mode ?? 0) & enter) === 0 ? path : undefined;
}
