import { dirname, resolve } from "node:path";

/**
 * How Deno runs the gateway: with no rights but these, and with a small young generation. The bytes of requests lie outside
 * of V8's heap, where it sees only the small objects that hold them; a collection that comes more often lets go of them
 * sooner. Of 1 MiB, though, what sixteen small requests have alive fills half, and a collection finds little to let go of:
 * with 2 a small get took 0.79 of the gateway's CPU, and twenty clients with files of 10 MiB took it no higher. A heap that
 * may grow by 60 % costs no CPU that could be measured; at 30 % it was a tenth of a put's, and without a bound a soak took
 * 272 MiB.
 * @param {string} root the project's folder
 * @param {Record<string, string | undefined>} env the gateway's settings: it reads the files that these name, and their
 * folders, where a new certificate appears, and writes its log where they say
 */
export function gatewayFlags(root, env) {
  const named = Object.entries(env).filter(([name, path]) => /^(SIXFOLD_\w+|DATABASE_URL)_FILE$/.test(name) && path);
  const folders = named.map(([, path]) => dirname(resolve(path ?? "")));
  const logs = env.SIXFOLD_LOG_DIR ? [resolve(env.SIXFOLD_LOG_DIR)] : [];
  return [
    "--no-check",
    "--no-prompt",
    "--allow-net",
    "--allow-env",
    "--allow-sys=systemMemoryInfo",
    `--allow-read=${[root, ...new Set([...folders, ...logs])].join(",")}`,
    ...logs.map((folder) => `--allow-write=${folder}`),
    "--v8-flags=--min-semi-space-size=2,--max-semi-space-size=2,--heap-growing-percent=60",
  ];
}
