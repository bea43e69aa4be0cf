/** What every command has at hand: the client, where to write, and when to stop. */
import { setMaxListeners } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Command } from "commander";
import { createClient, folderStore, type ResumeStore, type SixfoldClient } from "../mod.ts";
import { nodeFetch } from "./node_fetch.ts";

/** The command's surroundings. */
export interface CliSession {
  readonly client: SixfoldClient;
  readonly gateways: readonly string[];
  /** Results as JSON, a value on each line. */
  readonly json: boolean;
  /** Whether progress bars may be drawn. */
  readonly bars: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Remembers unfinished uploads. */
  readonly resume: ResumeStore;
}

const stop = new AbortController();
// Whatever runs at once listens; Node takes many listeners for a mistake.
setMaxListeners(0, stop.signal);
/** Bun and Deno say that they are Node, too. */
const isNode = !("Bun" in globalThis) && !("Deno" in globalThis);
const FALLBACK = "http://127.0.0.1:8080";

/** The surroundings by a command's options and the environment. */
export function openSession(command: Command): CliSession {
  const { gateway, json = false, progress = true } = command.optsWithGlobals<{
    gateway?: string[];
    json?: boolean;
    progress?: boolean;
  }>();
  const { SIXFOLD_GATEWAY, SIXFOLD_KEY, XDG_STATE_HOME } = process.env;
  const gateways = gateway ?? (SIXFOLD_GATEWAY || FALLBACK).split(",").map((address) => address.trim());
  const state = XDG_STATE_HOME || join(homedir(), ".local", "state");
  return {
    client: createClient({
      gateways,
      ...(SIXFOLD_KEY ? { key: SIXFOLD_KEY } : {}),
      ...(isNode ? { fetch: nodeFetch() } : {}),
    }),
    gateways,
    json,
    bars: progress && !json && process.stderr.isTTY === true,
    signal: stop.signal,
    resume: folderStore(join(state, "sixfold", "uploads")),
  };
}

/** Ctrl-C once ends what runs, in order; a second time it ends the process. */
export function stopOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort(new Error(`told to stop by ${signal}`));
    });
  }
}

/** Writes a line of results. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a line that is no result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Writes bytes to standard output as fast as its reader takes them. @throws when the reader has gone */
export async function writeOut(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => error ? reject(error) : resolve());
  });
}
