/** What the documents promise: that their links lead somewhere, and that the commands in them exist. */

/** A link of a document, or an image. */
const LINK = /\]\(([^)\s]+)\)/g;
const HEADING = /^#{1,6} +(.+)$/gm;
const NPM_RUN = /\bnpm run ([a-z][\w:-]*)/g;
const FENCED = /^```[\s\S]*?^```$/gm;

/** A heading's anchor, as code hosts make it. */
export function anchorOf(heading: string): string {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

/**
 * What is wrong with one document.
 * @param path its path below the project's root
 * @param read the text of a file, "" for anything else that exists; undefined where there is nothing
 * @param commands the scripts of package.json
 */
export function faultsInDocument(
  path: string,
  text: string,
  read: (path: string) => string | undefined,
  commands: ReadonlySet<string>,
): string[] {
  const faults: string[] = [];
  for (const [, target = ""] of text.replace(FENCED, "").matchAll(LINK)) {
    if (/^[a-z]+:/.test(target)) continue;
    const { pathname, hash } = new URL(target, `file:///${path}`);
    const file = decodeURIComponent(pathname).slice(1).replace(/\/$/, "");
    const found = read(file);
    if (found === undefined) faults.push(`${path}: nothing is at ${target}`);
    else if (hash !== "" && !anchorsOf(found).has(decodeURIComponent(hash.slice(1)))) {
      faults.push(`${path}: no heading is meant by ${target}`);
    }
  }
  for (const [, command = ""] of text.matchAll(NPM_RUN)) {
    if (!commands.has(command)) faults.push(`${path}: package.json has no script "${command}"`);
  }
  return faults;
}

function anchorsOf(text: string): Set<string> {
  return new Set([...text.replace(FENCED, "").matchAll(HEADING)].map(([, heading = ""]) => anchorOf(heading)));
}

/** Reads every Markdown file of the project below `root` and returns what is wrong with it, a sentence each. */
export async function checkDocuments(root: string): Promise<string[]> {
  const { scripts } = JSON.parse(await Deno.readTextFile(`${root}package.json`));
  const commands = new Set(Object.keys(scripts));
  const faults: string[] = [];
  for (const path of ["README.md", ...await documents(root, "docs"), ...await documents(root, "load-tests")]) {
    faults.push(
      ...faultsInDocument(path, await Deno.readTextFile(root + path), (file) => readAt(root + file), commands),
    );
  }
  return faults.sort();
}

function readAt(path: string): string | undefined {
  try {
    return Deno.statSync(path).isFile && path.endsWith(".md") ? Deno.readTextFileSync(path) : "";
  } catch {
    return undefined;
  }
}

/** The Markdown files below a folder of the project. */
export async function documents(root: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(root + folder)) {
    if (name === "node_modules") continue;
    if (isDirectory) found.push(...await documents(root, `${folder}/${name}`));
    else if (name.endsWith(".md")) found.push(`${folder}/${name}`);
  }
  return found;
}
