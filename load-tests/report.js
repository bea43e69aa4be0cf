// The end of a run: a table on the terminal, and the same with plots as one HTML file that needs nothing else, where
// REPORT names a file. From k6's own summary.
import { sliceName, SLICES } from "./traffic.js";

const OPERATIONS = ["put", "get", "head", "list", "delete"];

/** A script's `handleSummary`. */
export function reportOf(name, seconds) {
  return (data) => {
    const report = readReport(name, seconds, data);
    const out = { stdout: asText(report) };
    if (__ENV.REPORT) out[__ENV.REPORT] = asPage(report);
    return out;
  };
}

function readReport(name, seconds, { metrics, state }) {
  const took = state.testRunDurationMs / 1000;
  const operations = OPERATIONS.filter((operation) => metrics[operation]).map((operation) => {
    const { count, med, "p(95)": p95, "p(99)": p99, max } = metrics[operation].values;
    return { operation, count, rate: count / took, med, p95, p99, max };
  });
  const slices = Array.from({ length: SLICES }, (_, i) => {
    const values = metrics[sliceName(i)] ? metrics[sliceName(i)].values : { count: 0, med: 0, "p(95)": 0 };
    return { from: i * seconds / SLICES, rate: values.count * SLICES / seconds, med: values.med, p95: values["p(95)"] };
  });
  const sum = (metric) => metrics[metric] ? metrics[metric].values.count : 0;
  const thresholds = Object.entries(metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds).map(([rule, { ok }]) => ({ metric, rule, ok }))
  );
  const facts = [
    ["in", `${mib(sum("bytes_put") / took)} MiB/s`],
    ["out", `${mib(sum("bytes_got") / took)} MiB/s`],
    ["turned away (503 or 429 with Retry-After)", String(sum("turned_away"))],
    ["broken off", String(sum("broken_off"))],
    ["wrong or failed", String(metrics.checks ? metrics.checks.values.fails : 0)],
  ];
  if (metrics.gateway_memory) {
    facts.push(["gateway's memory, at most", `${mib(metrics.gateway_memory.values.max)} MiB`]);
  }
  return { name, took, operations, slices, thresholds, facts };
}

function mib(bytes) {
  return (bytes / 1024 / 1024).toFixed(1);
}

const HEAD = ["", "calls", "per s", "median ms", "p95 ms", "p99 ms", "max ms"];

function rowsOf({ operations }) {
  return operations.map(({ operation, count, rate, med, p95, p99, max }) =>
    [operation, count, rate.toFixed(1), ...[med, p95, p99, max].map((ms) => ms.toFixed(1))].map(String)
  );
}

function asText(report) {
  const rows = [HEAD, ...rowsOf(report)];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const lines = rows.map((row) =>
    row.map((cell, i) => i ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join("  ")
  );
  const verdicts = report.thresholds.map(({ metric, rule, ok }) => `${ok ? "ok  " : "FAIL"} ${metric} ${rule}`);
  const facts = report.facts.map(([what, value]) => `${what}: ${value}`);
  return [`${report.name}, ${report.took.toFixed(0)} s`, ...lines, ...facts, ...verdicts, ""].join("\n");
}

function asPage(report) {
  const row = (cells, tag) => `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join("")}</tr>`;
  const failed = report.thresholds.filter(({ ok }) => !ok).length;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sixfold: ${escape(report.name)}</title>
<style>
:root { color-scheme: light dark; --line: light-dark(#d0d4dc, #3a404c); --a: light-dark(#1f5fd0, #7fb0ff); --b: light-dark(#b4480f, #ffa76b); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: right; }
td:first-child, th:first-child { text-align: left; } svg { width: 100%; height: auto; } text { fill: currentColor; font-size: 12px; }
.grid { stroke: var(--line); } .a { fill: none; stroke: var(--a); stroke-width: 2; } .b { fill: none; stroke: var(--b); stroke-width: 2; }
</style>
<h1>${escape(report.name)}</h1>
<p>${report.took.toFixed(0)} s; ${
    failed === 0 ? "every threshold held" : `${failed} of the thresholds did not hold`
  }.</p>
<table>${row(HEAD, "th")}${rowsOf(report).map((cells) => row(cells, "td")).join("")}</table>
<h2>Answers per second</h2>
${plot(report, [["a", "answers", ({ rate }) => rate]])}
<h2>Time to answer, in ms</h2>
${plot(report, [["a", "median", ({ med }) => med], ["b", "95 %", ({ p95 }) => p95]])}
<h2>Sums</h2>
<table>${report.facts.map((cells) => row(cells, "td")).join("")}</table>
<h2>Thresholds</h2>
<table>${
    report.thresholds.map(({ metric, rule, ok }) => row([`${metric} ${rule}`, ok ? "held" : "did not hold"], "td"))
      .join("")
  }</table>
</html>
`;
}

/** Lines over the time of the run. */
function plot({ slices }, lines) {
  const [width, height, left, below] = [900, 220, 60, 24];
  const top = Math.max(1, ...slices.flatMap((slice) => lines.map(([, , value]) => value(slice))));
  const x = (i) => left + (width - left - 10) * i / (SLICES - 1);
  const y = (value) => 10 + (height - below - 10) * (1 - value / top);
  const grid = [0, 0.5, 1].map((part) =>
    `<line class="grid" x1="${left}" x2="${width - 10}" y1="${y(top * part)}" y2="${y(top * part)}"/>` +
    `<text x="${left - 8}" y="${y(top * part) + 4}" text-anchor="end">${(top * part).toFixed(top < 10 ? 1 : 0)}</text>`
  );
  const times = [0, SLICES / 2, SLICES - 1].map((i) =>
    `<text x="${x(i)}" y="${height - 4}" text-anchor="middle">${slices[i].from.toFixed(0)} s</text>`
  );
  const paths = lines.map(([kind, label, value], n) => {
    const points = slices.map((slice, i) => `${x(i).toFixed(1)},${y(value(slice)).toFixed(1)}`).join(" ");
    const mark = lines.length < 2
      ? ""
      : `<text x="${width - 80 * (lines.length - n)}" y="22" style="fill: var(--${kind})">${label}</text>`;
    return `<polyline class="${kind}" points="${points}"/>${mark}`;
  });
  const told = lines.map(([, label]) => label).join(" and ");
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${told} over time">${
    [...grid, ...times, ...paths].join("")
  }</svg>`;
}

function escape(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
