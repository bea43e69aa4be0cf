import assert from "node:assert/strict";
import { createSecureServer } from "node:http2";
import { HopTrust } from "./hop_trust.ts";
import { StorageClients } from "./storage_clients.ts";

const read = (name: string) => Deno.readTextFileSync(new URL(`../../testdata/${name}`, import.meta.url));
/** The certificate is for daemon-1.test alone. */
const TLS = { cert: read("daemon_1.crt"), key: read("daemon_1.key") };
const at = (port: number, name: string) => ({ address: `127.0.0.1:${port}`, ip: "127.0.0.1", port, name });

Deno.test("one address is dialled and another name proved, on both hops", async () => {
  let asked = 0;
  const web = Deno.serve({ hostname: "127.0.0.1", port: 0, ...TLS, onListen: () => {} }, () => {
    asked++;
    return new Response(null, { status: 503 });
  });
  const grpc = createSecureServer(TLS, (_, response) => {
    asked++;
    response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => grpc.listen(0, "127.0.0.1", resolve));
  const address = grpc.address();
  const ports = { web: web.addr.port, grpc: typeof address === "object" ? address?.port ?? 0 : 0 };
  try {
    for (const hop of ["web", "grpc"] as const) {
      const call = async (name: string) => {
        const client = new StorageClients(hop, new HopTrust(read("hop_ca.crt"), false)).at(at(ports[hop], name));
        await assert.rejects(client.healthCheck({}, { timeoutMs: 5000 }), hop);
        return asked;
      };
      asked = 0;
      for (const name of ["127.0.0.1", "daemon-2.test"]) assert.equal(await call(name), 0, `${hop}: ${name}`);
      assert.equal(await call("daemon-1.test"), 1, hop);
    }
  } finally {
    await web.shutdown();
    grpc.close();
  }
});

Deno.test("an answer that points elsewhere is not followed", async () => {
  let followed = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    if (new URL(url).pathname === "/elsewhere") followed++;
    return new Response(null, { status: 307, headers: { location: "/elsewhere" } });
  });
  try {
    const client = new StorageClients("web", new HopTrust(undefined, false)).at(at(server.addr.port, "127.0.0.1"));
    await assert.rejects(client.healthCheck({}, { timeoutMs: 5000 }), /307/);
    assert.equal(followed, 0);
  } finally {
    await server.shutdown();
  }
});
