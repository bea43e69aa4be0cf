// The documents as a site, by VitePress: npm run docs:site. They are written for the repository; what leads to its other
// files is no link here, but for the description of the HTTP interface, which goes with it.
import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const { resolve } = createRequire(import.meta.url);
const OPENAPI = "docs/openapi.yaml";

/** The pages by reader, as in the README: their paths below the project, without the ending. */
const READERS = {
  "To try it": { Start: "", "Beside other stores": "docs/comparison", Changes: "docs/CHANGELOG" },
  "To use it": {
    "Plain HTTP": "docs/rest",
    "Uploads in parts": "docs/uploads",
    "The command": "docs/cli",
    TypeScript: "docs/client",
    "Keys and links": "docs/keys",
  },
  "To run it": {
    Deployment: "docs/deployment",
    Settings: "docs/configuration",
    PostgreSQL: "docs/postgresql",
    "Backup and restore": "docs/backup",
    Monitoring: "docs/observability",
    Troubleshooting: "docs/troubleshooting",
    Security: "docs/SECURITY",
  },
  "To build on it": {
    Architecture: "docs/architecture",
    "A chunk on disk": "docs/chunk-format",
    "A daemon by hand": "docs/daemon-by-hand",
    Performance: "docs/performance",
    Faults: "docs/faults",
    "Load tests": "load-tests/README",
    "To work on it": "docs/CONTRIBUTING",
  },
};

export default {
  title: "Sixfold",
  description: "A self-hosted, distributed file store: six chunks, any two may be lost",
  srcDir: "../..",
  srcExclude: ["**/node_modules/**", "data/**"],
  rewrites: { "README.md": "index.md" },
  markdown: { config: unlinkFiles },
  // The pages lie outside of this folder, where its packages are not found by themselves.
  vite: { resolve: { alias: Object.fromEntries(["vue/server-renderer", "vue"].map((name) => [name, resolve(name)])) } },
  async buildEnd({ pages, srcDir, outDir }) {
    const listed = Object.values(READERS).flatMap(Object.values).map((path) => `${path || "README"}.md`);
    const lost = pages.filter((page) => !listed.includes(page) && page !== "client/README.md");
    if (lost.length > 0) throw new Error(`no reader is led to ${lost.join(", ")}`);
    await copyFile(join(srcDir, OPENAPI), join(outDir, OPENAPI));
  },
  themeConfig: {
    search: { provider: "local" },
    sidebar: Object.entries(READERS).map(([text, pages]) => ({
      text,
      items: Object.entries(pages).map(([title, path]) => ({ text: title, link: `/${path}` })),
    })),
  },
};

/** @param {import("markdown-it").default} md */
function unlinkFiles(md) {
  md.core.ruler.push("unlink_files", ({ tokens }) => {
    for (const { children } of tokens) {
      let unlinked = false;
      for (const token of children ?? []) {
        if (token.type === "link_open") {
          const [path = ""] = (token.attrGet("href") ?? "").split("#");
          unlinked = path !== "" && !/^[a-z]+:/.test(path) && !/\.(md|yaml)$/.test(path);
        }
        if (!unlinked || !/^link_(open|close)$/.test(token.type)) continue;
        Object.assign(token, { tag: "span", attrs: null, type: token.type.replace("link", "span") });
      }
    }
  });
}
