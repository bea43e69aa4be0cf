/** The daemon's door of HTTP/1.1. */
import type { Certificate } from "../shared/certificate.ts";

/** What it leads to. */
export interface HttpDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly certificate: Certificate | undefined;
  /** Answers a request; `lasts` is to be called where the answer may take as long as it needs. */
  readonly answer: (request: Request, lasts: () => void) => Promise<Response>;
}

/** The open door. */
export interface HttpDoor {
  readonly port: number;
  renew(certificate: Certificate): void;
  /** Lets running requests finish for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** Opens it. @throws as Bun does where the port is taken */
export function openHttpDoor({ host, port, certificate, answer }: HttpDoorOptions): HttpDoor {
  const serve = (port: number, certificate: Certificate | undefined) =>
    Bun.serve({
      hostname: host,
      port,
      ...(certificate && { tls: { ...certificate } }),
      // Its page about an error would show the daemon's code to whoever asks.
      development: false,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request, server) => answer(request, () => server.timeout(request, 0)),
    });
  let server = serve(port, certificate);
  const open = new Set([server]);
  const stop = async (one: typeof server) => {
    await one.stop();
    open.delete(one);
  };
  return {
    port: server.port ?? 0,
    /** Bun's servers keep the certificate that they have begun with: another one takes the port, this one ends its calls. */
    renew(next) {
      void stop(server);
      server = serve(server.port ?? 0, next);
      open.add(server);
    },
    async close(graceMs) {
      const cut = setTimeout(() => {
        for (const one of open) void one.stop(true);
      }, graceMs);
      await Promise.all([...open].map(stop));
      clearTimeout(cut);
    },
  };
}
