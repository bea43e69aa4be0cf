/**
 * A baseline: the least server that takes or sends the same bytes, on the door that the gateway stands on too.
 * Argument: bytes of an answer. Writes its port.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

if (import.meta.main) {
  const body = new Uint8Array(Number(Deno.args[0]));
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const answer = request.method === "GET" ? body : new Uint8Array(0);
      response.writeHead(200, { "content-length": String(answer.length) }).end(answer);
    });
  });
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}
