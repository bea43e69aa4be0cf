/** The commands that the documents show, made into what a shell runs. */

/** A document whose commands are run, or not. */
export interface Shown {
  /** Below the project's root. */
  readonly path: string;
  /** Why a block is not run, by its number from 0. */
  readonly leftOut?: Readonly<Record<number, string>>;
  /** What a reader would do before. */
  readonly before?: string;
  /** What a reader would put in place of what the document shows. */
  readonly instead?: readonly (readonly [shown: string, put: string])[];
  /** What has to hold afterwards. */
  readonly after?: string;
}

const BLOCK = /^( *)```sh\n([^]*?)^ *```$/gm;

/** The blocks of shell commands in a document. */
export function blocksOf(text: string): string[] {
  return [...text.matchAll(BLOCK)].map(([, indent = "", code = ""]) =>
    code.split("\n").map((line) => line.startsWith(indent) ? line.slice(indent.length) : line).join("\n")
  );
}

/**
 * The script of a document. A status of an error that the document promises behind a command is none here.
 * @throws Error where the document does not show any more what is to be put in place of
 */
export function scriptOf(text: string, { path, leftOut = {}, before = "", instead = [], after = "" }: Shown): string {
  const all = blocksOf(text);
  const chosen = all.filter((_, number) => !(number in leftOut));
  if (chosen.length === 0 || Object.keys(leftOut).some((number) => !(number in all))) {
    throw new Error(`${path} has ${all.length} blocks`);
  }
  let code = chosen.join("\n").replace(/ +# 4\d\d\b.*$/gm, " || [ $? = 22 ]");
  for (const [shown, put] of instead) {
    if (!code.includes(shown)) throw new Error(`${path} does not show ${shown}`);
    code = code.replaceAll(shown, put);
  }
  return `DOCUMENT=${path}\n${before}\n${code}\n${after}\n`;
}

/** The documents that show commands and are on no list: run, or left out. */
export function unlisted(
  texts: ReadonlyMap<string, string>,
  run: readonly Shown[],
  leftOut: Readonly<Record<string, string>>,
): string[] {
  return [...texts].filter(([path, text]) =>
    blocksOf(text).length > 0 && !(path in leftOut) && !run.some((shown) => shown.path === path)
  ).map(([path]) => path);
}
