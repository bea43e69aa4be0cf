/** A list of any length: only the rows that can be seen are drawn, and more is asked for when its end comes near. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { dateText, sizeText } from "./format.ts";
import { Icon } from "./icons.tsx";
import { type Entry, useListing } from "./listing.ts";
import { filesHref, route } from "./route.ts";
import { scrollOf } from "./tall_scroll.ts";
import { changed } from "./upload_queue.ts";

/** A row, in rem. */
const ROW = 2.75;
/** Rows that are drawn beyond what can be seen. */
const SPARE = 8;
/** More is asked for when so many rows or fewer are left. */
const AHEAD = 100;

interface Props {
  readonly bucket: string;
  /** What is shown of each key begins behind this. */
  readonly folder: string;
  readonly prefix: string;
}

/** The list. */
export function FileList({ bucket, folder, prefix }: Props) {
  const { pages, error, look } = useListing(bucket, prefix);
  const { count, came, more, growing } = pages;
  const box = useRef<HTMLDivElement>(null);
  /** The row that the keyboard has gone to, until it is drawn. */
  const sought = useRef(NaN);
  const [{ top, height, row }, setView] = useState({ top: 0, height: 1000, row: 44 });
  const { drawn, scale } = scrollOf(count * row, height);
  const scaled = useRef(scale);
  scaled.current = scale;
  const see = () => {
    if (box.current === null) return;
    const { scrollTop, clientHeight } = box.current;
    const row = ROW * parseFloat(getComputedStyle(document.documentElement).fontSize);
    setView({ top: scrollTop * scaled.current, height: clientHeight, row });
  };
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => see());
    if (box.current !== null) watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    // A list that has grown has other places for the same rows.
    if (box.current !== null && scale > 1) box.current.scrollTop = top / scale;
  }, [scale]);
  const first = Math.max(0, Math.floor(top / row) - SPARE);
  const end = Math.min(count, Math.ceil((top + height) / row) + SPARE);
  useEffect(() => look(Math.max(0, first - AHEAD), end + AHEAD), [first, end, came, changed.value]);
  useEffect(() => {
    const found = box.current?.querySelector<HTMLElement>(`[data-place="${sought.current}"]`);
    found?.focus({ preventScroll: true });
    if (found) sought.current = NaN;
  });
  /** Arrows, Home and End move among the rows, whether they are drawn yet or not. */
  const move = (event: KeyboardEvent) => {
    const from = Number((event.target as HTMLElement).dataset["place"] ?? NaN);
    const targets: Record<string, number> = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: count - 1 };
    const to = targets[event.key];
    if (box.current === null || to === undefined || !(to >= 0 && to < count)) return;
    event.preventDefault();
    sought.current = to;
    const at = to * row;
    const seen = Math.min(Math.max(top, at + row - height), at);
    if (seen !== top) box.current.scrollTop = seen / scale;
    see();
  };
  const isNew = count === 0 && more && error === "";
  const chosen = route.value.page === "files" ? route.value.file : "";
  return (
    <>
      <div class="columns" aria-hidden="true">
        <span>Name</span>
        <span class="size">Size</span>
        <span class="date">Stored</span>
      </div>
      <div
        ref={box}
        class="rows"
        onScroll={see}
        onKeyDown={move}
      >
        <ul
          style={{ height: `${drawn}px` }}
          aria-label={`Files and folders in ${bucket}/${prefix}`}
        >
          {Array.from({ length: Math.max(0, end - first) }, (_, i) => {
            const place = first + i;
            const entry = pages.at(place);
            return (
              <li
                key={entry === undefined ? `at ${place}` : `key ${entry.key}`}
                style={{ transform: `translateY(${place * row - top + top / scale}px)` }}
                aria-setsize={more ? -1 : count}
                aria-posinset={place + 1}
              >
                {entry !== undefined && (
                  <Row bucket={bucket} folder={folder} entry={entry} place={place} isChosen={entry.key === chosen} />
                )}
              </li>
            );
          })}
        </ul>
        {error !== "" && <p class="trouble">{error}</p>}
        {(growing || isNew) && <p class="hint" role="status">Loading…</p>}
        {count === 0 && !more && error === "" && (
          <div class="empty">
            <Icon name="upload" />
            <p>
              {prefix === folder
                ? "Nothing is here yet. Drop files or folders anywhere on this page."
                : "No name begins so."}
            </p>
          </div>
        )}
      </div>
    </>
  );
}

interface RowProps {
  readonly bucket: string;
  readonly folder: string;
  readonly entry: Entry;
  readonly place: number;
  readonly isChosen: boolean;
}

function Row({ bucket, folder, entry: { key, size, createdAt }, place, isChosen }: RowProps) {
  const isFolder = size === undefined;
  return (
    <a
      class={isChosen ? "row chosen" : "row"}
      data-place={place}
      href={isFolder ? filesHref(bucket, key) : filesHref(bucket, folder, key)}
      aria-current={isChosen ? "true" : undefined}
      draggable={false}
    >
      <Icon name={isFolder ? "folder" : "file"} />
      <span class="name" title={key}>{key.slice(folder.length)}</span>
      <span class="size">{isFolder ? "" : sizeText(size)}</span>
      <span class="date">{createdAt === undefined ? "" : dateText(createdAt)}</span>
    </a>
  );
}
