/** Connect's clients for the small calls to daemons. */
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { StorageService } from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import { fetchTransport, MAX_MESSAGE } from "../../../shared/rpc.ts";
import type { Hop } from "./chunk_client.ts";
import type { Endpoint } from "./endpoints.ts";
import { HopConnections } from "./hop_connection.ts";
import { hopFetch } from "./hop_fetch.ts";
import { certificateName, type HopTrust } from "./hop_trust.ts";

/** One client for each daemon. */
export class StorageClients {
  readonly #hop: Hop;
  readonly #trust: HopTrust;
  readonly #connections: HopConnections;
  readonly #clients = new Map<string, Client<typeof StorageService>>();
  /** Who was trusted when the clients were made. */
  #trusted: string | undefined;

  constructor(hop: Hop, trust: HopTrust) {
    this.#hop = hop;
    this.#trust = trust;
    this.#connections = new HopConnections(trust);
  }

  /** The client that dials there. */
  at(endpoint: Endpoint): Client<typeof StorageService> {
    const { ca } = this.#trust;
    if (ca !== this.#trusted) this.#clients.clear();
    this.#trusted = ca;
    const key = `${endpoint.name} ${endpoint.address}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      client = createClient(StorageService, this.#transport(endpoint));
      this.#clients.set(key, client);
    }
    return client;
  }

  #transport(endpoint: Endpoint) {
    const { ca } = this.#trust;
    const baseUrl = this.#trust.baseUrl(endpoint.address);
    if (this.#hop === "web") return fetchTransport(baseUrl, undefined, hopFetch(this.#connections, endpoint));
    const nodeOptions = { ca, ...certificateName(endpoint) };
    return createGrpcTransport({ baseUrl, readMaxBytes: MAX_MESSAGE, acceptCompression: [], nodeOptions });
  }
}
