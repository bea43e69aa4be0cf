/** What the gateway does just now: how much goes in and out, and how long requests take. */
import { countText, sizeText } from "./format.ts";
import { beats, linePath, roundTop } from "./live.ts";
import { millisecondsText } from "./span_tree.ts";

const WIDTH = 600;
const HEIGHT = 90;
const MIB = 1024 * 1024;

interface Line {
  readonly name: string;
  readonly values: readonly number[];
  readonly mood: string;
}

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
        <Chart
          title="Throughput"
          unit={MIB}
          text={rate}
          lines={[
            { name: "stored", values: all.map(({ stored }) => stored), mood: "first" },
            { name: "read", values: all.map(({ read }) => read), mood: "second" },
          ]}
        />
        <Chart
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

interface ChartProps {
  readonly title: string;
  /** The top of the chart is 1, 2 or 5 of these, or 10, 20, 50 and so on. */
  readonly unit: number;
  readonly text: (value: number) => string;
  readonly lines: readonly Line[];
}

function Chart({ title, unit, text, lines }: ChartProps) {
  const top = roundTop(lines.flatMap(({ values }) => values), unit);
  return (
    <figure class="live">
      <figcaption>
        <strong>{title}</strong>
        {lines.map(({ name, values, mood }) => (
          <span key={name} class={`line-name ${mood}`}>
            {name} <b>{text(values.at(-1) ?? 0)}</b>
          </span>
        ))}
      </figcaption>
      <div class="plot">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="grid-line" d={`M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}`} />
          {lines.map(({ name, values, mood }) => (
            <path key={name} class={`live-line ${mood}`} d={linePath(values, top, WIDTH, HEIGHT)} />
          ))}
        </svg>
        <span class="most faint" aria-hidden="true">{text(top)}</span>
      </div>
    </figure>
  );
}
