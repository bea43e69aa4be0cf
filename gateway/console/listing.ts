/** The keys of a folder, as far as somebody has looked. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { files, sentenceOf } from "./api.ts";
import { PageWindow } from "./page_window.ts";
import { changed } from "./upload_queue.ts";

/** A file or a folder: what a row shows, and no more, for there may be very many. */
export interface Entry {
  readonly key: string;
  /** In bytes; undefined for a folder. */
  readonly size?: number;
  readonly createdAt?: Date;
}

/** What is known of a folder. */
export interface Listing {
  readonly pages: Pick<PageWindow<Entry>, "count" | "came" | "more" | "growing" | "at">;
  /** Why the last question had no answer, as a sentence; empty where it had one. */
  readonly error: string;
  /** Asks for the entries of these places, and for what has changed of them. */
  readonly look: (first: number, end: number) => void;
}

/** As many as one question may give. */
const PAGE = 1000;

/** Lists what is below a prefix, folded at slashes; looks again when files have come or gone. */
export function useListing(bucket: string, prefix: string): Listing {
  const [, setHeard] = useState(0);
  const pages = useMemo(() => {
    const ask = async (cursor: string, signal: AbortSignal) => {
      const page = await files.listFiles({ bucket, prefix, delimiter: "/", cursor, limit: PAGE }, { signal });
      const entries = [
        ...page.files.map(({ key, size, createdAt }): Entry => ({
          key,
          size: Number(size),
          createdAt: new Date(Number(createdAt?.seconds ?? 0n) * 1000),
        })),
        ...page.prefixes.map((key): Entry => ({ key })),
      ].sort((a, b) => (a.key < b.key ? -1 : 1));
      return { entries, nextCursor: page.nextCursor };
    };
    return new PageWindow<Entry>(ask, () => setHeard((heard) => heard + 1));
  }, [bucket, prefix]);
  useEffect(() => () => pages.stop(), [pages]);
  const error = pages.error === undefined ? "" : sentenceOf(pages.error);
  return { pages, error, look: (first, end) => pages.look(first, end, changed.value) };
}
