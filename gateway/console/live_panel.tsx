/** What the gateway does just now: how much goes in and out, and how long requests take. */
import { countText, sizeText } from "./format.ts";
import { LineChart } from "./line_chart.tsx";
import { beats } from "./live.ts";
import { millisecondsText } from "./span_tree.ts";

const MIB = 1024 * 1024;

/** The panel. */
export function LivePanel() {
  const all = beats.value;
  if (all === undefined) {
    return (
      <section class="card" aria-labelledby="live">
        <h2 id="live">Now</h2>
        <p class="hint">The gateway is not heard live: something between here and it holds its view up.</p>
      </section>
    );
  }
  const last = all.at(-1);
  const rate = (bytes: number) => `${sizeText(Math.round(bytes))}/s`;
  const failed = all.reduce((sum, beat) => sum + beat.failed, 0);
  return (
    <section class="card" aria-labelledby="live">
      <header class="card-head">
        <h2 id="live">Now</h2>
        <p class="faint">
          {countText(Math.round(last?.requests ?? 0))} requests/s
          {failed > 0 && ` · ${countText(failed)} failed within a minute`}
        </p>
      </header>
      <div class="charts">
        <LineChart
          title="Throughput"
          unit={MIB}
          text={rate}
          lines={[
            { name: "stored", values: all.map(({ stored }) => stored), mood: "first" },
            { name: "read", values: all.map(({ read }) => read), mood: "second" },
          ]}
        />
        <LineChart
          title="Time of a request"
          unit={10}
          text={(ms) => ms === 0 ? "–" : millisecondsText(ms)}
          lines={[
            { name: "half within", values: all.map(({ medianMs }) => medianMs), mood: "first" },
            { name: "95 % within", values: all.map(({ slowMs }) => slowMs), mood: "second" },
          ]}
        />
      </div>
    </section>
  );
}
