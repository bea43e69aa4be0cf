/** The servers as the gateway sees them, asked for again and again while somebody looks. */
import { computed, signal } from "@preact/signals";
import type { Server } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { ServerState } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { cluster, sentenceOf } from "./api.ts";
import { eachWhile } from "./poll.ts";

const EVERY_MS = 2000;

/** All servers, by id; undefined before the first answer. */
export const servers = signal<readonly Server[] | undefined>(undefined);

/** Why they could not be asked for just now; empty where they could. */
export const trouble = signal("");

/** Begins to ask. */
export function followServers(): void {
  void eachWhile(EVERY_MS, new AbortController().signal, async (signal) => {
    try {
      servers.value = (await cluster.listServers({}, { signal })).servers;
      trouble.value = "";
    } catch (error) {
      trouble.value = sentenceOf(error);
    }
  });
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

/** Whether its chunks can be read. */
export function isUp(id: string): boolean {
  const state = byId.value.get(id)?.server.state;
  return state === ServerState.ACTIVE || state === ServerState.FULL || state === ServerState.DRAINING;
}
