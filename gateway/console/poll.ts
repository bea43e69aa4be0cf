/** Asking again and again, while the page is looked at. */
import { useEffect, useRef, useState } from "preact/hooks";
import { sentenceOf } from "./api.ts";

/** Does something every so many ms until the signal aborts; nothing while the page is hidden. */
export async function eachWhile(
  everyMs: number,
  signal: AbortSignal,
  act: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    if (document.visibilityState === "visible") await act(signal);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(go, everyMs);
      function go() {
        clearTimeout(timer);
        signal.removeEventListener("abort", go);
        document.removeEventListener("visibilitychange", go);
        resolve();
      }
      signal.addEventListener("abort", go);
      document.addEventListener("visibilitychange", go);
    });
  }
}

/** What is asked for, the newest answer that came. */
export interface Polled<T> {
  readonly value: T | undefined;
  /** Why the newest question had no answer; empty where it had. */
  readonly error: string;
  /** Asks now. */
  readonly again: () => void;
}

/** Asks as long as the component is there. @param about what the question depends on: another one begins anew */
export function usePolled<T>(
  everyMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
  ...about: readonly string[]
): Polled<T> {
  const [state, setState] = useState<{ value?: T; error: string }>({ error: "" });
  const [turn, setTurn] = useState(0);
  const newest = useRef(ask);
  newest.current = ask;
  useEffect(() => setState({ error: "" }), about);
  useEffect(() => {
    const stop = new AbortController();
    void eachWhile(everyMs, stop.signal, async (signal) => {
      try {
        const value = await newest.current(signal);
        if (!signal.aborted) setState({ value, error: "" });
      } catch (error) {
        if (!signal.aborted) setState((before) => ({ ...before, error: sentenceOf(error) }));
      }
    });
    return () => stop.abort();
  }, [turn, ...about]);
  return { value: state.value, error: state.error, again: () => setTurn((n) => n + 1) };
}
