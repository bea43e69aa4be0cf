/** The daemon's pages for probes. */
import { Elysia } from "elysia";
import { METRICS_TYPE } from "../shared/telemetry_metrics.ts";

/** Answers what is not a call. */
export type Admin = (request: Request) => Promise<Response>;

/**
 * `/healthz` says that the process runs, `/readyz` that it is registered and serves, or why it does not; `/metrics` is for
 * Prometheus.
 * @param trouble why the daemon is not ready, a sentence; undefined when it is
 */
export function createAdmin(trouble: () => string | undefined, metrics: () => Promise<string>): Admin {
  const app = new Elysia()
    .get("/healthz", () => "ok\n")
    .get("/readyz", ({ status }) => {
      const why = trouble();
      return why === undefined ? "ready\n" : status(503, `${why}\n`);
    })
    .get("/metrics", async () => new Response(await metrics(), { headers: { "content-type": METRICS_TYPE } }));
  return async (request) => await app.handle(request);
}
