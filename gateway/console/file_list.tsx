/** A list of any length: only the rows that can be seen are drawn, and more is asked for when its end comes near. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { dateText, sizeText } from "./format.ts";
import { Icon } from "./icons.tsx";
import { type Entry, useListing } from "./listing.ts";
import { filesHref, route } from "./route.ts";

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
  const { entries, loading, more, error, next } = useListing(bucket, prefix);
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 1000, row: 44 });
  const look = () => {
    const row = ROW * parseFloat(getComputedStyle(document.documentElement).fontSize);
    if (box.current !== null) setView({ top: box.current.scrollTop, height: box.current.clientHeight, row });
  };
  useLayoutEffect(() => {
    const watch = new ResizeObserver(look);
    if (box.current !== null) watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(view.top / view.row) - SPARE);
  const end = Math.min(entries.length, Math.ceil((view.top + view.height) / view.row) + SPARE);
  useEffect(() => {
    if (more && end > entries.length - AHEAD) next();
  }, [end, entries.length, more]);
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
        onScroll={look}
        onKeyDown={(event) => move(event, box.current, entries.length, view.row)}
      >
        <ul
          style={{ height: `${entries.length * view.row}px` }}
          aria-label={`Files and folders in ${bucket}/${prefix}`}
        >
          {entries.slice(first, end).map((entry, i) => (
            <li
              key={entry.key}
              style={{ transform: `translateY(${(first + i) * view.row}px)` }}
              aria-setsize={more ? -1 : entries.length}
              aria-posinset={first + i + 1}
            >
              <Row bucket={bucket} folder={folder} entry={entry} place={first + i} isChosen={entry.key === chosen} />
            </li>
          ))}
        </ul>
        {error !== "" && <p class="trouble">{error}</p>}
        {loading && <p class="hint" role="status">Loading…</p>}
        {!loading && error === "" && entries.length === 0 && (
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

/** Arrows, Home and End move among the rows, whether they are drawn yet or not. */
function move(event: KeyboardEvent, box: HTMLElement | null, count: number, height: number): void {
  const from = Number((event.target as HTMLElement).dataset["place"] ?? NaN);
  if (box === null || Number.isNaN(from)) return;
  const targets: Record<string, number> = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: count - 1 };
  const to = targets[event.key];
  if (to === undefined || to < 0 || to >= count) return;
  event.preventDefault();
  const top = to * height;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + height > box.scrollTop + box.clientHeight) box.scrollTop = top + height - box.clientHeight;
  requestAnimationFrame(() => box.querySelector<HTMLElement>(`[data-place="${to}"]`)?.focus());
}
