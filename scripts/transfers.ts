/**
 * `npm run transfers`: what the client promises, at full size. One large file while connections are cut and gateways are
 * killed, by Node and by Bun; one from a page that is reloaded and offline; and a tree of many files, up and down, with
 * the command killed in between.
 */
import { parseArgs } from "node:util";
import { withCluster } from "./local_cluster.ts";
import { browserUpload } from "./transfers/browser_upload.ts";
import { cutUpload } from "./transfers/cut_upload.ts";
import { servePage } from "./transfers/page_server.ts";
import { smallFiles } from "./transfers/small_files.ts";
import { syncTree } from "./transfers/sync_tree.ts";

const USAGE = `npm run transfers -- [options]
  --only node|bun|chromium|tree|small   one of them; all by default
  --size 10G                      the large file of Node and Bun, as 512M or 10G
  --cuts 20                       how often its connections are cut
  --page 1G                       the large file of Chromium
  --files 20000                   files of the tree; a fifth of them are the small ones`;

const KINDS = ["node", "bun", "chromium", "tree", "small"];

function options() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      only: text,
      size: { ...text, default: "10G" },
      cuts: { ...text, default: "20" },
      page: { ...text, default: "1G" },
      files: { ...text, default: "20000" },
    },
  });
  const [cuts, files] = [Number(values.cuts), Number(values.files)];
  const only = values.only === undefined ? KINDS : [values.only];
  const [size, page] = [bytesOf(values.size), bytesOf(values.page)];
  if (!only.every((kind) => KINDS.includes(kind)) || !Number.isInteger(cuts) || !Number.isInteger(files)) {
    throw new Error(USAGE);
  }
  return { runs: (kind: string) => only.includes(kind), size, page, cuts, files };
}

function bytesOf(text: string): number {
  const [, count, unit] = /^(\d+)([MG])$/.exec(text) ?? [];
  if (count === undefined) throw new Error(USAGE);
  return Number(count) * (unit === "M" ? 1024 ** 2 : 1024 ** 3);
}

if (import.meta.main) {
  const { runs, size, page, cuts, files } = options();
  for (const runtime of ["node", "bun"] as const) {
    if (!runs(runtime)) continue;
    await withCluster({ daemons: 6 }, async ({ cluster, url }) => {
      await cutUpload(cluster, [url, await cluster.addGateway()], { size, cuts, kills: 2, runtime });
    });
  }
  if (runs("chromium")) {
    await using served = await servePage("tests/clients/large_page.ts");
    const { origin } = served;
    await withCluster({ daemons: 6, gateway: { SIXFOLD_CORS_ORIGINS: origin } }, async ({ url }) => {
      await browserUpload(url, origin, page);
    });
  }
  if (runs("tree")) await withCluster({ daemons: 6 }, ({ url }) => syncTree(url, files));
  if (runs("small")) await withCluster({ daemons: 6 }, ({ url }) => smallFiles(url, Math.ceil(files / 5)));
}
