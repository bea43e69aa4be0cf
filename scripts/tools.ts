/** Programs that tests and tools use besides the project's own: found, installed where that is possible, or missed with a sentence. */

/** Whether a command is there, and ends well. */
export async function works(command: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" }).output();
    return success;
  } catch {
    return false;
  }
}

/**
 * A program of a Debian package; as root it is installed where it is missing.
 * @param args with which it ends well by itself
 * @returns its name, or undefined after a line that says what is missing
 */
export async function debianTool(
  program: string,
  args: readonly string[],
  name = program,
): Promise<string | undefined> {
  if (await works(program, args)) return program;
  if (Deno.uid() === 0 && await works("apt-get", ["--version"])) {
    await inTurn(async () => {
      if (await works(program, args)) return;
      await works("apt-get", ["-q", "update"]);
      await works("apt-get", ["-qy", "-o", "DPkg::Lock::Timeout=120", "install", name]);
    });
    if (await works(program, args)) return program;
  }
  return missing(program, `install the package ${name}`);
}

/** Test files run as processes side by side, and apt-get gives up at once where another one is at work. */
async function inTurn(install: () => Promise<void>): Promise<void> {
  using lock = await Deno.open("/run/lock/sixfold-install", { write: true, create: true });
  await lock.lock(true);
  await install();
}

/**
 * A program written in Go; it is built where it is missing and Go is there.
 * @param source its package at a version
 * @returns its path, or undefined after a line that says what is missing
 */
export async function goTool(program: string, args: readonly string[], source: string): Promise<string | undefined> {
  if (await works(program, args)) return program;
  if (!(await works("go", ["version"]))) return missing(program, `install it, or Go to build it`);
  const path = `${await goPath()}/bin/${program}`;
  if (await works(path, args)) return path;
  await works("go", ["install", source]);
  return await works(path, args) ? path : missing(program, `"go install ${source}" failed`);
}

/**
 * A program written in Go whose source is here; it is built where Go is there.
 * @param source its folder
 * @returns its path, or undefined after a line that says what is missing
 */
export async function goProgram(program: string, source: string): Promise<string | undefined> {
  if (!(await works("go", ["version"]))) return missing(program, "install Go to build it");
  const path = `${await goPath()}/bin/${program}`;
  return await works("go", ["build", "-C", source, "-o", path, "."])
    ? path
    : missing(program, `"go build" of ${source} failed`);
}

async function goPath(): Promise<string> {
  const { stdout } = await new Deno.Command("go", { args: ["env", "GOPATH"] }).output();
  return new TextDecoder().decode(stdout).trim();
}

function missing(program: string, how: string): undefined {
  console.log(`${program} is missing, and what needs it is left out: ${how}`);
}
