/** Lines over the last minute, drawn by uPlot. What they say just now, or where one points, stands above them in numbers. */
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { BEATS, roundTop } from "./live.ts";
import { theme } from "./theme.ts";

/** A line, the newest value last. */
export interface ChartLine {
  readonly name: string;
  readonly values: readonly number[];
  /** The class that gives it its colour. */
  readonly mood: string;
}

interface Props {
  readonly title: string;
  /** The top of the chart is 1, 2 or 5 of these, or 10, 20, 50 and so on. */
  readonly unit: number;
  readonly text: (value: number) => string;
  readonly lines: readonly ChartLine[];
}

const SECONDS = Array.from({ length: BEATS }, (_, i) => i + 1 - BEATS);
const MARKS = [-45, -30, -15, 0];

/** The chart. */
export function LineChart({ title, unit, text, lines }: Props) {
  const bed = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const top = useRef(unit);
  const [pointed, setPointed] = useState<number>();
  const [letters, setLetters] = useState("");
  useEffect(() => {
    if (bed.current === null) return;
    const element = bed.current;
    const watch = new ResizeObserver(() => {
      plot.current?.setSize(sizeOf(element));
      setLetters(getComputedStyle(element).fontSize);
    });
    watch.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => plot.current?.redraw();
    dark.addEventListener("change", redraw);
    return () => {
      watch.disconnect();
      dark.removeEventListener("change", redraw);
    };
  }, []);
  useEffect(() => {
    if (bed.current === null) return;
    const drawn = new uPlot(optionsFor(bed.current, lines, text, top, setPointed), dataOf(lines), bed.current);
    plot.current = drawn;
    return () => drawn.destroy();
  }, [letters]);
  useEffect(() => {
    top.current = roundTop(lines.flatMap(({ values }) => values), unit);
    plot.current?.setData(dataOf(lines));
  }, [lines, theme.value]);
  const at = pointed ?? BEATS - 1;
  return (
    <figure class="live">
      <figcaption>
        <p>
          <strong>{title}</strong>
          <span class="faint">{pointed === undefined ? "now" : `${BEATS - 1 - pointed} s ago`}</span>
        </p>
        {lines.map(({ name, values, mood }) => (
          <span key={name} class={`line-name ${mood}`}>
            {name} <b>{text(values[at - BEATS + values.length] ?? 0)}</b>
          </span>
        ))}
      </figcaption>
      <div ref={bed} class="plot" aria-hidden="true">
        {lines.map(({ mood }) => <i key={mood} class={mood} />)}
      </div>
    </figure>
  );
}

/** uPlot wants columns: the seconds, then the values of each line, from the left. */
function dataOf(lines: readonly ChartLine[]): uPlot.AlignedData {
  return [SECONDS, ...lines.map(({ values }) => [...Array<null>(BEATS - values.length).fill(null), ...values])];
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: element.clientWidth, height: element.clientHeight };
}

/** A canvas knows no style sheet: its colours and letters are asked for at each drawing, so they follow light and dark. */
function optionsFor(
  element: HTMLElement,
  lines: readonly ChartLine[],
  text: (value: number) => string,
  top: { readonly current: number },
  point: (index: number | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const em = parseFloat(style.fontSize);
  const letters = {
    stroke: () => style.color,
    font: `${style.fontSize} ${style.fontFamily}`,
    ticks: { show: false },
    grid: { stroke: () => style.borderTopColor, width: 1 },
  };
  return {
    ...sizeOf(element),
    padding: [em, em * 1.5, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: em * 0.6 } },
    scales: { x: { time: false, range: [1 - BEATS, 0] }, y: { range: () => [0, top.current] } },
    axes: [
      {
        ...letters,
        size: em * 2,
        splits: () => MARKS,
        values: (_, marks) => marks.map((mark) => mark === 0 ? "now" : `${-mark} s`),
      },
      {
        ...letters,
        size: em * 6,
        splits: () => [0, top.current / 2, top.current],
        values: (_, marks) => marks.map((mark) => mark === 0 ? "0" : text(mark)),
      },
    ],
    series: [
      {},
      ...lines.map(({ mood }): uPlot.Series => ({
        stroke: () => getComputedStyle(element.querySelector(`i.${mood}`) ?? element).color,
        width: em / 6,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor: { idx } }) => point(idx ?? undefined)] },
  };
}
