/** Which lines the tests ran: the reports of both runtimes and of every process that the tests started, added up. */

/** For each file, how often each of its lines ran. */
export type Lines = Map<string, Map<number, number>>;

/**
 * Folders whose lines are counted; what is generated is not, nor are the `sixfold` command's own files: its tests run it
 * as a process of Bun, which reports no lines.
 */
const COUNTED = /^(shared|gateway|node-daemon|client|scripts)\/(?!gen\/|cli\/).*(?<!_test)\.ts$/;
/** The part of the daemon that holds the bytes. */
const CHUNK_STORE = /^node-daemon\/(chunk_\w+|data_folder|disk_space)\.ts$/;

/** What is printed and demanded: a name, the files that count, and the least share of their lines in percent. */
const GROUPS: readonly { readonly name: string; readonly files: RegExp; readonly least?: number }[] = [
  { name: "shared", files: /^shared\//, least: 95 },
  { name: "gateway", files: /^gateway\/\w+\.ts$/ },
  { name: "gateway/api", files: /^gateway\/api\// },
  { name: "gateway/core", files: /^gateway\/core\// },
  { name: "gateway/db", files: /^gateway\/db\// },
  { name: "gateway/workers", files: /^gateway\/workers\// },
  { name: "gateway/console", files: /^gateway\/console\// },
  { name: "node-daemon", files: /^node-daemon\// },
  { name: "  its chunk store", files: CHUNK_STORE, least: 95 },
  { name: "client", files: /^client\// },
  { name: "scripts", files: /^scripts\// },
  { name: "everything", files: /^/, least: 90 },
];

/**
 * Adds a report in lcov's format to what is known.
 * @param root the project's folder with a slash at its end; reports name files below it, or relative to it
 */
export function addReport(lines: Lines, report: string, root: string): void {
  let file: Map<number, number> | undefined;
  for (const line of report.split("\n")) {
    if (line.startsWith("SF:")) {
      const named = line.slice(3).trim();
      const path = named.startsWith(root) ? named.slice(root.length) : named;
      file = COUNTED.test(path) ? lines.get(path) ?? new Map() : undefined;
      if (file !== undefined) lines.set(path, file);
    } else if (line.startsWith("DA:") && file !== undefined) {
      const [number = NaN, count = 0] = line.slice(3).split(",").map(Number);
      file.set(number, (file.get(number) ?? 0) + count);
    }
  }
}

/** The table of all folders, and a sentence for each that has too few of its lines run. */
export function judge(lines: Lines): { readonly table: string; readonly faults: string[] } {
  const rows: string[] = [];
  const faults: string[] = [];
  for (const { name, files, least } of GROUPS) {
    let [ran, all] = [0, 0];
    for (const [path, counts] of lines) {
      if (!files.test(path)) continue;
      all += counts.size;
      for (const count of counts.values()) if (count > 0) ran++;
    }
    const percent = 100 * ran / all;
    if (all > 0) {
      rows.push(`${name.padEnd(20)} ${percent.toFixed(1).padStart(5)} %  of ${String(all).padStart(5)} lines`);
    }
    if (least === undefined || percent >= least) continue;
    faults.push(`${name.trim()}: ${percent.toFixed(1)} % of the lines are tested, and at least ${least} % must be`);
    faults.push(...missing(lines, files));
  }
  return { table: rows.join("\n"), faults };
}

/** The lines that did not run, file by file. */
function missing(lines: Lines, files: RegExp): string[] {
  return [...lines].filter(([path]) => files.test(path)).sort().flatMap(([path, counts]) => {
    const numbers = [...counts].filter(([, count]) => count === 0).map(([number]) => number).sort((a, b) => a - b);
    return numbers.length === 0 ? [] : [`  ${path}: ${numbers.join(" ")}`];
  });
}
