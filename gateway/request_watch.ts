/** Watches each request from its head to the end of its answer, for the metrics. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { methodOf, routeOf } from "./api/route.ts";
import { requestDuration } from "./core/metrics.ts";

/** What a client that left before the end of its answer is counted as. */
const LEFT = 499;

/** Watches a request. */
export function watchRequest({ method = "GET", url = "/" }: IncomingMessage, outgoing: ServerResponse): void {
  const began = performance.now();
  outgoing.on("close", () => {
    requestDuration((performance.now() - began) / 1000, {
      "http.request.method": methodOf(method),
      "http.route": routeOf(url),
      "http.response.status_code": outgoing.writableFinished ? outgoing.statusCode : LEFT,
    });
  });
}
