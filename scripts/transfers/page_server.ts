/** Serves one page from memory, on a port of its own: a chooser of files, and a program. */
import { bundle } from "../bundle.ts";

const HTML = '<!doctype html><link rel="icon" href="data:,"><input type="file" id="chooser">' +
  '<script type="module" src="/page.js"></script>';

/** A page that is served. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string;
}

/** Serves a program for browsers. @param program below the project's root */
export async function servePage(program: string): Promise<PageServer> {
  const script = await bundle(program, "browser");
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const isScript = new URL(url).pathname === "/page.js";
    return new Response(isScript ? script : HTML, {
      headers: { "content-type": isScript ? "text/javascript" : "text/html" },
    });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
