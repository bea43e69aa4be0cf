/** The keys of a folder, a page at a time, as far as somebody has looked. */
import { useEffect, useRef, useState } from "preact/hooks";
import { files, sentenceOf } from "./api.ts";
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
  readonly entries: readonly Entry[];
  readonly loading: boolean;
  /** Whether there is more to ask for. */
  readonly more: boolean;
  readonly error: string;
  /** Asks for the next page. */
  readonly next: () => void;
}

const PAGE = 500;
/** As many as one question may give. */
const MOST = 1000;

/** Lists what is below a prefix, folded at slashes; looks again when files have come or gone. */
export function useListing(bucket: string, prefix: string): Listing {
  const [state, setState] = useState({ entries: [] as readonly Entry[], cursor: "", loading: true, error: "" });
  const now = useRef({ busy: false, stop: new AbortController() });
  const load = async (before: readonly Entry[], cursor: string, limit: number) => {
    now.current.stop.abort();
    const stop = new AbortController();
    now.current = { busy: true, stop };
    setState((old) => ({ ...old, loading: true }));
    try {
      const page = await files.listFiles({ bucket, prefix, delimiter: "/", cursor, limit }, { signal: stop.signal });
      const found = [
        ...page.files.map(({ key, size, createdAt }): Entry => ({
          key,
          size: Number(size),
          createdAt: new Date(Number(createdAt?.seconds ?? 0n) * 1000),
        })),
        ...page.prefixes.map((key): Entry => ({ key })),
      ].sort((a, b) => (a.key < b.key ? -1 : 1));
      if (stop.signal.aborted) return;
      setState({ entries: [...before, ...found], cursor: page.nextCursor, loading: false, error: "" });
    } catch (error) {
      if (!stop.signal.aborted) setState((old) => ({ ...old, loading: false, error: sentenceOf(error) }));
    }
    if (now.current.stop === stop) now.current.busy = false;
  };
  const count = state.entries.length;
  useEffect(() => void load([], "", Math.min(MOST, Math.max(PAGE, count))), [bucket, prefix, changed.value]);
  useEffect(() => () => now.current.stop.abort(), []);
  return {
    ...state,
    more: state.cursor !== "",
    next() {
      if (!now.current.busy && state.cursor !== "") void load(state.entries, state.cursor, PAGE);
    },
  };
}
