/** The rules of the house: which folder may import which, and how long a file may grow. */

const MAX_LINES = 300;

/** For each folder, the folders it may import from besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  gateway: ["shared"],
  "node-daemon": ["shared"],
  client: ["shared"],
  tests: ["shared", "gateway", "node-daemon", "client", "scripts"],
  scripts: ["shared"],
  "load-tests": [],
};

/** Inside the gateway, from the socket to the disk: a folder may import those named after it. */
const GATEWAY_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  api: ["core"],
  core: ["db"],
  db: [],
  workers: ["core", "db"],
};

/** Inside its core, from a file down to the calls that carry its chunks. */
const CORE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  files: ["segments", "memory", "hop", "cluster", "access", "telemetry"],
  segments: ["memory", "hop", "cluster", "access", "telemetry"],
  memory: ["hop"],
  hop: ["telemetry"],
  telemetry: ["cluster"],
  cluster: [],
  access: [],
};

/** Code for browsers: it speaks to a gateway as anybody's page would, and so with the SDK. */
const IN_BROWSERS = "console";

const IMPORT = /(?:^|\n)\s*(?:import|export)\b[^;"']*?["'](\.{1,2}\/[^"']+)["']/g;

/** What breaks the rules in one source file. `path` is relative to the project's root. */
export function faultsIn(path: string, source: string): string[] {
  const faults: string[] = [];
  const lines = source.split("\n").length - 1;
  if (lines > MAX_LINES) faults.push(`${path}: ${lines} lines; split it by reason to change (at most ${MAX_LINES})`);
  const [home = "", room = "", nook = ""] = path.split("/");
  for (const match of source.matchAll(IMPORT)) {
    const target = new URL(match[1] ?? "", `file:///${path}`).pathname.slice(1).split("/");
    const [house = "", targetRoom = "", targetNook = ""] = target;
    const inBrowser = home === "gateway" && room === IN_BROWSERS;
    if (house !== home && !(MAY_IMPORT[home] ?? []).includes(house) && !(inBrowser && house === "client")) {
      faults.push(`${path}: ${home} must not import ${target.join("/")}`);
    }
    const apart = home === "gateway" && house === "gateway" && inBrowser !== (targetRoom === IN_BROWSERS);
    if (apart) {
      faults.push(
        `${path}: what runs in browsers and what runs in the gateway must not import each other (${target.join("/")})`,
      );
      continue;
    }
    const rooms = GATEWAY_MAY_IMPORT[room];
    const between = home === "gateway" && house === "gateway" && target.length > 2 && rooms !== undefined;
    if (between && targetRoom !== room && !rooms.includes(targetRoom)) {
      faults.push(`${path}: gateway/${room} must not import ${target.join("/")}`);
    }
    const inCore = between && room === "core" && targetRoom === "core";
    if (inCore && nook !== targetNook && !CORE_MAY_IMPORT[nook]?.includes(targetNook)) {
      faults.push(`${path}: core/${nook} must not import ${target.join("/")}`);
    }
  }
  return faults;
}

/** Reads every TypeScript file of the project below `root` and returns what breaks the rules, a sentence each. */
export async function checkHouse(root: string): Promise<string[]> {
  const faults: string[] = [];
  for (const home of Object.keys(MAY_IMPORT)) {
    for await (const path of sources(root, home)) faults.push(...faultsIn(path, await Deno.readTextFile(root + path)));
  }
  return faults.sort();
}

/** The paths of all TypeScript files below a folder of the project, without what is generated or installed. */
export async function* sources(root: string, folder: string): AsyncGenerator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(root + folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory && entry.name !== "gen" && entry.name !== "node_modules") yield* sources(root, path);
    else if (entry.isFile && /\.tsx?$/.test(entry.name)) yield path;
  }
}
