import assert from "node:assert/strict";
import "../gateway/core/telemetry/cluster_metrics.ts";
import "../gateway/core/telemetry/metrics.ts";
import { ROOT } from "../scripts/programs.ts";
import { debianTool } from "../scripts/tools.ts";
import { declaredMetrics, prometheusName } from "../shared/telemetry_metrics.ts";
import "../shared/telemetry_process.ts";
import { when } from "./when.ts";

const FOLDER = `${ROOT}docs/monitoring`;
const promtool = await debianTool("promtool", ["--version"], "prometheus");
const ofGateway = declaredMetrics().slice();
await import("../node-daemon/metrics.ts");
const metrics = declaredMetrics();
const ofProcess = ofGateway.filter(({ name }) => /^(process|sixfold\.(event_loop|uncaught))/.test(name));

/** A table as the page has it. */
function table(listed: readonly (typeof metrics)[number][]): string {
  const rows = listed.map((metric) => {
    const labels = (metric.attributes ?? []).map((label) => `\`${label}\``).join(", ");
    return `| \`${prometheusName(metric)}\` | ${metric.kind} | ${labels} | ${metric.about} |`;
  });
  return ["| metric | kind | attributes | |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** A page without the blanks that only line tables up. */
const plain = (text: string) => text.replaceAll(/ +\|/g, " |").replaceAll(/\| +/g, "| ").replaceAll(/-{3,}/g, "---");

Deno.test("docs/observability.md lists every metric, as it is declared", async () => {
  const page = plain(await Deno.readTextFile(`${ROOT}docs/observability.md`));
  const shared = new Set(ofProcess);
  const tables = {
    gateway: table(ofGateway.filter((metric) => !shared.has(metric))),
    daemon: table(metrics.slice(ofGateway.length)),
    both: table(ofProcess),
  };
  for (const [name, rows] of Object.entries(tables)) {
    assert.ok(page.includes(plain(rows)), `the table of ${name} should be:\n\n${rows}\n`);
  }
});

Deno.test("docs/observability.md lists every attribute of spans", async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/observability.md`);
  const missing = new Set<string>();
  for (const folder of ["gateway", "gateway/core", "gateway/db", "gateway/workers", "node-daemon", "shared"]) {
    for await (const { name, isFile } of Deno.readDir(`${ROOT}${folder}`)) {
      if (!isFile || !name.endsWith(".ts") || name.endsWith("_test.ts")) continue;
      const source = await Deno.readTextFile(`${ROOT}${folder}/${name}`);
      for (const [, attribute = ""] of source.matchAll(/"((?:sixfold|http|db|error)\.[a-z_.]+)":/g)) {
        if (!page.includes(`\`${attribute}\``)) missing.add(attribute);
      }
    }
  }
  assert.deepEqual([...missing], []);
});

Deno.test("every metric of the dashboard and of the alerts exists", async () => {
  const names = new Set(metrics.flatMap((metric) => {
    const name = prometheusName(metric);
    return metric.kind === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name];
  }));
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("expr" in value && typeof value.expr === "string") texts.push(value.expr);
    Object.values(value).forEach(collect);
  };
  collect(JSON.parse(await Deno.readTextFile(`${FOLDER}/grafana.json`)));
  assert.ok(texts.length > 30);
  const rules = await Deno.readTextFile(`${FOLDER}/alerts.yml`);
  texts.push(...[...rules.matchAll(/expr: ([^]*?)\n +(?:for|labels):/g)].map(([, expression = ""]) => expression));
  const labels = new Set(metrics.flatMap(({ attributes = [] }) => attributes.map((name) => name.replaceAll(".", "_"))));
  const used = new Set(texts.flatMap((text) => text.match(/\b(?:sixfold|http|process|db)_[a-z_]+\b/g) ?? []));
  assert.deepEqual([...used].filter((name) => !names.has(name) && !labels.has(name)), []);
});

Deno.test({
  ...when(promtool !== undefined, "it needs promtool", "promtool takes the alerts, and they tell what they should"),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const cases = await Deno.readTextFile(`${ROOT}tests/traces/alerts_test.yml`);
      await Deno.writeTextFile(`${folder}/cases.yml`, cases.replace("RULES", `${FOLDER}/alerts.yml`));
      for (const args of [["check", "rules", `${FOLDER}/alerts.yml`], ["test", "rules", `${folder}/cases.yml`]]) {
        const { success, stdout, stderr } = await new Deno.Command(promtool ?? "", { args }).output();
        const text = new TextDecoder();
        assert.ok(success, text.decode(stdout) + text.decode(stderr));
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
