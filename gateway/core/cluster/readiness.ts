/** Whether an upload would work now, and if not, why: asked anew each time, over a connection that no request can take. */
import { SixfoldError } from "../../../shared/errors.ts";
import type { Layout } from "../../../shared/layout.ts";
import { within } from "../../../shared/within.ts";
import type { Cluster } from "./cluster.ts";
import { isEnough } from "./placement.ts";

/** What `/readyz` says. */
export interface Readiness {
  readonly ready: boolean;
  /** Servers that take new chunks, as far as is known. */
  readonly servers: number;
  /** Why it is not ready, in words. */
  readonly reason?: string;
}

/** How long PostgreSQL may take to answer, in ms. */
const LIMIT_MS = 2000;

/** @returns a check; who asks while one is under way gets its answer */
export function createReadiness(
  cluster: Cluster,
  layout: Layout,
  isStopping: () => boolean,
): () => Promise<Readiness> {
  let running: Promise<Readiness> | undefined;
  const check = async (): Promise<Readiness> => {
    // PostgreSQL is asked now: it may be away, and servers may have moved since the last refresh.
    const trouble = await within(LIMIT_MS, cluster.refresh(), "PostgreSQL does not answer in time").then(
      () => undefined,
      (error) => SixfoldError.from(error),
    );
    const { servers } = cluster.now.ring;
    if (isStopping()) return { ready: false, servers, reason: "the gateway stops" };
    if (trouble !== undefined) return { ready: false, servers, reason: trouble.message };
    if (!isEnough(servers, layout)) return { ready: false, servers, reason: "too few storage servers take new chunks" };
    return { ready: true, servers };
  };
  return () => running ??= check().finally(() => running = undefined);
}
