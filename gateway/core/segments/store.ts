/** What the operations on files work with: made once when the gateway starts, and handed to each of them. */
import type { Sql } from "../../db/database.ts";
import type { Manifests } from "../../db/manifests.ts";
import type { SmallFiles } from "../../db/small_files.ts";
import type { ChunkClient } from "../hop/chunk_client.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { DamageReports } from "./damage.ts";
import type { StripePool } from "../memory/stripe_pool.ts";
import type { WindowPool } from "../memory/window_pool.ts";

/** The store of one gateway. */
export interface Store {
  readonly sql: Sql;
  /** What is read by bucket and key. */
  readonly manifests: Manifests;
  /** Where small files are stored. */
  readonly small: SmallFiles;
  readonly cluster: Cluster;
  readonly client: ChunkClient;
  /** Where readers tell of broken chunks. */
  readonly damage: DamageReports;
  /** The memory of uploads. */
  readonly pool: StripePool;
  /** The memory of downloads. */
  readonly windows: WindowPool;
  /** Files up to so many bytes live in PostgreSQL. */
  readonly inlineMax: number;
  /** The most bytes of a file. */
  readonly maxFile: number;
  /** How long the bytes of a deleted file stay on the disks. */
  readonly graceSeconds: number;
  /** How long after its last part a session of parts ends by itself. */
  readonly sessionSeconds: number;
}
