/**
 * `npm run transfers`: what the client promises, at full size. One large file while connections are cut and gateways are
 * killed, by Node and by Bun; and a tree of many files, up and down, with the command killed in between.
 */
import { parseArgs } from "node:util";
import { withCluster } from "./local_cluster.ts";
import { cutUpload } from "./transfers/cut_upload.ts";
import { syncTree } from "./transfers/sync_tree.ts";

const USAGE = `npm run transfers -- [options]
  --size 10G            the large file, as 512M or 10G; 0M leaves it out
  --cuts 20             how often its connections are cut
  --runtime node|bun    by one runtime only
  --files 20000         files of the tree; 0 leaves it out`;

function options() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      size: { ...text, default: "10G" },
      cuts: { ...text, default: "20" },
      files: { ...text, default: "20000" },
      runtime: text,
    },
  });
  const [, count, unit] = /^(\d+)([MG])$/.exec(values.size) ?? [];
  const [cuts, files] = [Number(values.cuts), Number(values.files)];
  const { runtime } = values;
  const known = runtime === undefined || runtime === "node" || runtime === "bun";
  if (count === undefined || !Number.isInteger(cuts) || !Number.isInteger(files) || !known) throw new Error(USAGE);
  return { size: Number(count) * (unit === "M" ? 1024 ** 2 : 1024 ** 3), cuts, files, runtime };
}

if (import.meta.main) {
  const { size, cuts, files, runtime } = options();
  for (const one of size > 0 ? ["node", "bun"] as const : []) {
    if (runtime !== undefined && runtime !== one) continue;
    await withCluster({ daemons: 6 }, async ({ cluster, url }) => {
      await cutUpload(cluster, [url, await cluster.addGateway()], { size, cuts, kills: 2, runtime: one });
    });
  }
  if (files > 0) await withCluster({ daemons: 6 }, ({ url }) => syncTree(url, files));
  // Connections that were cut half way may hold the process.
  Deno.exit(0);
}
