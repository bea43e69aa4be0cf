/** The servers as the gateway sees them, followed while somebody looks. */
import { computed, signal } from "@preact/signals";
import type { Server } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { ServerState } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { cluster, sentenceOf } from "./api.ts";
import { noBeats, takeBeat } from "./live.ts";
import { eachWhile } from "./poll.ts";

const EVERY_MS = 2000;
/** A view that says nothing for so long is held up by something on the way. */
const SILENT_MS = 6000;
/** A view ends by itself sooner. */
const VIEW_MS = 120_000;

/** All servers, by id; undefined before the first answer. */
export const servers = signal<readonly Server[] | undefined>(undefined);

/** Why they could not be asked for just now; empty where they could. */
export const trouble = signal("");

/** Begins to follow: by the gateway's live view, and by asking where that does not come through. */
export function followServers(): void {
  void eachWhile(EVERY_MS, new AbortController().signal, async (signal) => {
    try {
      if (await view()) return;
      noBeats();
      servers.value = (await cluster.listServers({}, { signal })).servers;
      trouble.value = "";
    } catch (error) {
      trouble.value = sentenceOf(error);
    }
  });
}

/** Follows the live view until it ends. @returns whether all is well: nobody looks any more, or it is to be begun anew */
async function view(): Promise<boolean> {
  const stop = new AbortController();
  const hide = () => stop.abort();
  document.addEventListener("visibilitychange", hide);
  let silence = setTimeout(hide, SILENT_MS);
  try {
    for (;;) {
      let said = false;
      for await (const beat of cluster.watch({}, { signal: stop.signal, timeoutMs: VIEW_MS })) {
        clearTimeout(silence);
        silence = setTimeout(hide, SILENT_MS);
        servers.value = beat.servers;
        trouble.value = "";
        if (said) takeBeat(beat);
        said = true;
      }
      if (!said) return false;
    }
  } catch {
    return document.visibilityState === "hidden";
  } finally {
    clearTimeout(silence);
    document.removeEventListener("visibilitychange", hide);
  }
}

const byId = computed(() => new Map((servers.value ?? []).map((server, place) => [server.id, { server, place }])));

/** A server's name for people: its address; of one that is not known, the end of its id. */
export function nameOf(id: string): string {
  const address = byId.value.get(id)?.server.httpAddress;
  return address === undefined ? `…${id.slice(-6)}` : address.replace(/^https?:\/\//, "");
}

const COLOURS = 8;

/** The class that gives a server its colour. */
export function colourOf(id: string): string {
  const place = byId.value.get(id)?.place;
  return place === undefined ? "gone" : `s${place % COLOURS}`;
}

/** Whether it is there, as all gateways see it. */
export function isUp(id: string): boolean {
  const state = byId.value.get(id)?.server.state;
  return state === ServerState.ACTIVE || state === ServerState.FULL || state === ServerState.DRAINING;
}

/** Whether its chunks can be read: it is there, and gave a sign of life. */
export function answers(id: string): boolean {
  return isUp(id) && byId.value.get(id)?.server.unreachable === "";
}
