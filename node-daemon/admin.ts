/** The daemon's pages for probes. */
import { Elysia } from "elysia";

/** Answers what is not a call. */
export type Admin = (request: Request) => Promise<Response>;

/** `/healthz` says that the process runs, `/readyz` that it is registered and serves. */
export function createAdmin(isReady: () => boolean): Admin {
  const app = new Elysia()
    .get("/healthz", () => "ok\n")
    .get("/readyz", ({ status }) => (isReady() ? "ready\n" : status(503, "not registered yet\n")));
  return async (request) => await app.handle(request);
}
