/** `npm run docs`: runs the commands that the documents show, as they stand, on a cluster of `npm start`. */
import { documents } from "./docs_check.ts";
import { scriptOf, type Shown, unlisted } from "./docs_commands.ts";
import { ROOT, stopAll } from "./programs.ts";
import { readyAddress } from "./ready_address.ts";

const ADDRESS = "http://127.0.0.1:8080";
const LONGEST_MS = 240_000;

/** In this order: once there is a key, nothing goes without one. */
const RUN: readonly Shown[] = [
  { path: "README.md", leftOut: { 0: "it runs already, and the tests are the gate" }, after: "cmp photo.jpg back.jpg" },
  {
    path: "docs/rest.md",
    // A read that broke off, to be gone on with.
    instead: [["E=$(curl", "head -c 1000 photo.jpg > back.jpg\nE=$(curl"]],
    after: "cmp photo.jpg back.jpg",
  },
  {
    path: "docs/uploads.md",
    before: "head -c 50000000 /dev/urandom > film.mp4",
    instead: [
      [`curl -s "$S/v1/uploads" -d`, `OPENED=$(curl -s "$S/v1/uploads" -d`],
      [`"size":50000000}'`, `"size":50000000}')`],
      ["01a20f7e-e5e1-7f52-b239-229a51f11dee", `$(expr "$OPENED" : '.*"id": *"\\([^"]*\\)')`],
    ],
    after: "for f in film again; do curl -o $f.back $S/v1/files/demo/$f.mp4; cmp film.mp4 $f.back; done",
  },
  {
    path: "docs/observability.md",
    leftOut: { 1: "it wants a collector; tests/collector_test.ts has one" },
    before: `TRACE_ID=$(curl -I ${ADDRESS}/v1/files/demo/film.mp4 | tr -d '\\r' | sed -n 's/^x-trace-id: //pI')`,
  },
  {
    path: "docs/backup.md",
    before: "export SIXFOLD_DATA_DIR=$DATA",
    instead: [["data/", "$DATA/"], ["npm run restore", "SIXFOLD_DATA_DIR=$PWD/fresh npm run restore"]],
    after: `grep -q '"film.mp4"' files.jsonl`,
  },
  // A token, and certificates.
  {
    path: "docs/deployment.md",
    leftOut: {
      1: "it wants a machine with systemd",
      2: "it wants a machine with systemd",
      3: "it wants Docker's engine",
      4: "it wants Docker's engine and Kubernetes",
    },
    after: "openssl verify -CAfile hop-ca.crt daemon.crt",
  },
  {
    path: "docs/keys.md",
    before: "cp photo.jpg a.jpg; cp photo.jpg report.pdf",
    instead: [
      ["sixfold keys create me --may read,write,delete,observe,admin", "KEY=$(sixfold keys create me --may $ALL)"],
      ["sixfold_…", "$KEY"],
      [
        "revoke 0123456789abcdef",
        "revoke $(sixfold keys list --json | grep camera | grep -o '[0-9a-f]\\{16\\}' | head -1)",
      ],
      ["sixfold link inbox/report.pdf --put --for 1h --size 10000000 --type application/pdf", "LINK=$(put_link)"],
    ],
  },
  {
    path: "docs/cli.md",
    before: "mkdir -p src photos; echo text > src/a; cp photo.jpg photos/; head -c 2000 photo.jpg > log.txt\n" +
      "for FILE in log.txt a.jpg 2025/photo.jpg; do sixfold put photo.jpg demo/$FILE; done\n" +
      'SERVER=$(sixfold servers --json | head -1 | sed \'s/.*"id":"\\([^"]*\\)".*/\\1/\' | tail -c 7)',
    instead: [
      ["3fa1", "$SERVER"], // A server that is being emptied is what the doctor tells of.
      ["sixfold rebalance start", "sixfold drain stop $SERVER\nsixfold rebalance start"],
      [
        "./sixfold --help",
        "(unset -f sixfold; ./sixfold --help)",
      ],
    ],
    after: "cmp photo.jpg <(sixfold cat demo/2025/photo.jpg)",
  },
];

/** What is not run here, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  "docs/CONTRIBUTING.md": "the tests themselves",
  "docs/architecture.md": "it makes the image of a release",
  "docs/daemon-by-hand.md": "tests/grpcurl_test.ts runs it",
  "docs/performance.md": "measurements that take minutes; tests/bench_test.ts runs one",
  "docs/postgresql.md": "it wants three machines; npm run patroni has them here",
  "load-tests/README.md": "tests/load_test.ts runs one of them",
  "client/README.md": "it wants npm's registry; tests/package_test.ts runs it from a package",
};

/** Stands for what a reader has at hand. */
const PRELUDE = `set -E
shopt -s expand_aliases
trap 'FAILED=1; echo "FAIL $DOCUMENT: $BASH_COMMAND" >&2' ERR
curl() { command curl -sS --fail "$@"; }
sixfold() { "$SIXFOLD_BUN" run "$ROOT/client/cli/main.ts" "$@"; }
npm() { command npm --prefix "$ROOT" "$@"; }
ALL=read,write,delete,observe,admin
put_link() { sixfold link inbox/report.pdf --put --for 1h --size 10000000 --type application/pdf; }
head -c 3000000 /dev/urandom > photo.jpg
`;

/** Runs all of it. @returns what has failed, as the shell has said it */
async function runDocuments(folder: string): Promise<string> {
  const paths = [
    "README.md",
    "client/README.md",
    ...await documents(ROOT, "docs"),
    ...await documents(ROOT, "load-tests"),
  ];
  const texts = new Map(
    await Promise.all(paths.map(async (path) => [path, await Deno.readTextFile(ROOT + path)] as const)),
  );
  const unknown = unlisted(texts, RUN, LEFT_OUT);
  if (unknown.length > 0) return `FAIL on no list of scripts/docs_run.ts: ${unknown.join(", ")}`;
  const scripts = RUN.map((shown) => scriptOf(texts.get(shown.path) ?? "", shown));
  const home = `${folder}/home`;
  await Deno.mkdir(home);
  const process = new Deno.Command("node", {
    args: [`${ROOT}scripts/run.mjs`, "start"],
    env: { SIXFOLD_DATA_DIR: `${folder}/data`, SIXFOLD_PORT: "0" },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  try {
    const address = await readyAddress(process.stdout);
    const script = [PRELUDE, ...scripts, '[ -z "$FAILED" ]'].join("\n").replaceAll(ADDRESS, address);
    const { success, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      cwd: home,
      env: { ROOT, HOME: home, DATA: `${folder}/data`, SIXFOLD_GATEWAY: address },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: AbortSignal.timeout(LONGEST_MS),
    }).output();
    return success ? "" : new TextDecoder().decode(stderr);
  } finally {
    await stopAll([process]);
  }
}

const folder = await Deno.makeTempDir({ prefix: "sixfold-docs-" });
// PostgreSQL does not run as root: its user has to get there.
await Deno.chmod(folder, 0o755);
try {
  const failed = await runDocuments(folder);
  if (failed !== "") console.error(failed);
  for (const { path, leftOut = {} } of RUN) {
    for (const [number, why] of Object.entries(leftOut)) {
      console.log(`     ${path}, block ${number} (left out: ${why})`);
    }
  }
  for (const [path, why] of Object.entries(LEFT_OUT)) console.log(`     ${path} (left out: ${why})`);
  console.log(failed === "" ? `${RUN.length} documents do what they show` : "a document shows what does not work");
  Deno.exitCode = failed === "" ? 0 : 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}
